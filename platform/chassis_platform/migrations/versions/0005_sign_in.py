"""Who is at the door: factors, policies, attempts.

Revision ID: 0005
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: Tables and indexes in schema chassis; each has tenant_id in its key.
TABLES: tuple[str, ...] = ()
#: The tables above, each behind the wall of its tenant.
WALLED: tuple[str, ...] = ()
#: Functions and grants.
WALLS: tuple[str, ...] = ()


def upgrade() -> None:
    execute((*TABLES, *WALLS))
    wall(*WALLED)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
