"""Very many opportunities in little time: copies of those that came in, made by the database alone."""

from __future__ import annotations

import psycopg
from psycopg import sql

from benchmarks.environment import Environment

_COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = 'data.opportunity'::regclass AND attnum > 0 AND NOT attisdropped
  AND attgenerated = '' AND attname NOT IN ('id', 'close_date')
"""
_COPY = """
INSERT INTO data.opportunity (id, close_date, {columns})
SELECT '006' || lpad((%(have)s + row_number() OVER ())::text, 15, '0'),
       close_date - (row_number() OVER () * 7919 %% 1000)::integer, {columns}
FROM (SELECT * FROM data.opportunity WHERE tenant_id = %(tenant)s ORDER BY id LIMIT %(base)s) o
CROSS JOIN generate_series(1, %(times)s) LIMIT %(missing)s
"""
_BASE = 2_000


def have_opportunities(environment: Environment, count: int) -> None:
    """See to it that the tenant has so many opportunities, spread over their owners as the first ones are."""
    [(have,)] = environment.rows("SELECT count(*) FROM data.opportunity WHERE tenant_id = %s", environment.tenant.id)
    if have >= count:
        return
    columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in environment.rows(_COLUMNS))
    base = min(_BASE, have)
    values = {"have": have, "tenant": environment.tenant.id, "base": base, "missing": count - have}
    with psycopg.connect(environment.installed.urls.owner, autocommit=True) as connection:
        connection.execute(sql.SQL(_COPY).format(columns=columns), {**values, "times": -(-count // base)})
        connection.execute("VACUUM ANALYZE data.opportunity")
