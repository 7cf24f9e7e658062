"""Any of a group's texts.

Revision ID: 0022
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

#: PostgreSQL 16 takes the first that it meets. An older one compares them all, which is as right and costs more.
ANY_OF = """
DO $$
DECLARE
    step text := CASE WHEN current_setting('server_version_num')::int >= 160000
                      THEN 'any_value_transfn' ELSE 'text_smaller' END;
BEGIN
    EXECUTE format(
        'CREATE AGGREGATE chassis.any_of(text) (sfunc = %1$s, combinefunc = %1$s, stype = text, parallel = safe)', step);
END
$$
"""


def upgrade() -> None:
    op.execute(ANY_OF)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
