"""Encrypted fields: the tenants' wrapped keys, how far a rotation is, and wishes to destroy keys.

Revision ID: 0010
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

#: Tables in schema chassis; each has tenant_id in its key.
TABLES: tuple[str, ...] = (
    # Whoever reads or writes learns with the check of every round trip that keys changed.
    "ALTER TABLE chassis.tenant ADD COLUMN key_version integer NOT NULL DEFAULT 1",
    # `data` keys seal values, `index` keys make the hashes by which values are found. A destroyed key stays as a line
    # without content: values that it sealed are blank, not an error.
    """
CREATE TABLE chassis.tenant_key (
    tenant_id integer NOT NULL, kind text NOT NULL, number integer NOT NULL,
    wrapped bytea, wrapped_by text NOT NULL, made_at timestamptz NOT NULL DEFAULT now(), destroyed_at timestamptz,
    CONSTRAINT tenant_key_pkey PRIMARY KEY (tenant_id, kind, number),
    CONSTRAINT tenant_key_kind CHECK (kind IN ('data', 'index')),
    CONSTRAINT tenant_key_destroyed CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
)""",
    # How far the values are that an older data key sealed: object by object, in the order of ids.
    """
CREATE TABLE chassis.key_rotation (
    tenant_id integer NOT NULL, number integer NOT NULL, started_at timestamptz NOT NULL, finished_at timestamptz,
    object_name text, last_id text COLLATE "C", sealed_anew bigint NOT NULL DEFAULT 0,
    CONSTRAINT key_rotation_pkey PRIMARY KEY (tenant_id, number)
)""",
    # What an administrator of the tenant wants destroyed; only an operator can do it.
    """
CREATE TABLE chassis.key_wish (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, reason text NOT NULL,
    asked_by text COLLATE "C" NOT NULL, asked_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
    withdrawn_at timestamptz, done_at timestamptz,
    CONSTRAINT key_wish_pkey PRIMARY KEY (tenant_id, id)
)""",
)
#: The names of the keys that wrap tenants' keys, of all tenants: what /health compares with the keys at hand.
WRAPPING = """
CREATE FUNCTION chassis.wrapping_keys() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$ SELECT DISTINCT wrapped_by FROM chassis.tenant_key WHERE wrapped IS NOT NULL $$
"""
#: Functions and grants.
WALLS: tuple[str, ...] = (
    WRAPPING,
    "REVOKE ALL ON FUNCTION chassis.wrapping_keys() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION chassis.wrapping_keys() TO chassis_server",
    "GRANT UPDATE (key_version) ON chassis.tenant TO chassis_server",
)


def upgrade() -> None:
    execute((*TABLES, *WALLS))
    wall("chassis.tenant_key", "chassis.key_rotation", "chassis.key_wish", rights="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
