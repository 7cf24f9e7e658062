"""A neighbour with the same rows under the same ids, so that whatever forgets the tenant shows or changes them."""

from __future__ import annotations

import psycopg
from psycopg import sql

from chassis_tenants.tenant import Tenant

#: Stands in every text of the neighbour's workshops and customers.
FOREIGN = "Foreign"
FOREIGN_PHONE, FOREIGN_ADDRESS = "19900000000", "foreign@example.com"
MARKS = (FOREIGN, FOREIGN_PHONE, FOREIGN_ADDRESS)

_TABLES = """
    SELECT c.table_schema, c.table_name, array_agg(c.column_name::text ORDER BY c.ordinal_position)
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER' AND c.table_schema = ANY (%s)
    GROUP BY 1, 2 HAVING bool_or(c.column_name = 'tenant_id')
"""
_MARK = f"""
    UPDATE data.workshop SET name = '{FOREIGN} ' || name, phone = '{FOREIGN_PHONE}', email = '{FOREIGN_ADDRESS}',
        budget = 999999, region = 'South', tax_number = '{FOREIGN}', serial_number = '{FOREIGN} ' || serial_number
    WHERE tenant_id = %(tenant)s;
    UPDATE data.customer SET name = '{FOREIGN}', last_name = '{FOREIGN}' WHERE tenant_id = %(tenant)s;
    UPDATE data.field_history SET old_value = '{FOREIGN}', new_value = '{FOREIGN}' WHERE tenant_id = %(tenant)s
"""  # noqa: S608  our own


def tables(
    connection: psycopg.Connection[tuple[str, str, list[str]]], *schemas: str
) -> list[tuple[str, str, list[str]]]:
    """Schema, name and columns of every table with rows of tenants."""
    return connection.execute(_TABLES, [list(schemas)]).fetchall()


def copy_rows(superuser_dsn: str, tenant: Tenant, neighbour: Tenant) -> None:
    """All that the tenant has, for the neighbour too; what the neighbour has stays."""
    with psycopg.connect(superuser_dsn) as connection:
        connection.execute("SET session_replication_role = replica")  # in any order
        for schema, name, columns in tables(connection, "data"):
            rest = sql.SQL(", ").join(sql.Identifier(each) for each in columns if each != "tenant_id")
            copy = sql.SQL(
                "INSERT INTO {table} (tenant_id, {rest}) SELECT %s, {rest} FROM {table} WHERE tenant_id = %s"
                " ON CONFLICT DO NOTHING"
            )
            table = sql.Identifier(schema, name)
            connection.execute(copy.format(table=table, rest=rest), [neighbour.id, tenant.id])
        for each in _MARK.split(";"):
            connection.execute(each.encode(), {"tenant": neighbour.id})


def digests(superuser_dsn: str, tenant: Tenant) -> dict[str, str]:
    """What all that a tenant has amounts to, by table."""
    with psycopg.connect(superuser_dsn) as connection:
        found = {}
        for schema, name, _ in tables(connection, "data", "chassis"):
            text = sql.SQL(
                "SELECT coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '')"
                " FROM {} t WHERE tenant_id = %s"
            ).format(sql.Identifier(schema, name))
            row = connection.execute(text, [tenant.id]).fetchone()
            found[f"{schema}.{name}"] = str(row[0]) if row else ""
    return found
