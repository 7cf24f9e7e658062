"""Who is at the door: factors, policies, attempts.

Revision ID: 0005
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

#: Tables and indexes in schema chassis; each has tenant_id in its key, but for the one that is asked before a tenant
#: is known.
TABLES: tuple[str, ...] = (
    """
    ALTER TABLE chassis.session
        ADD COLUMN proofs text[] NOT NULL DEFAULT '{password}', ADD COLUMN verified_at timestamptz DEFAULT now(),
        ADD COLUMN device text, ADD COLUMN ends_at timestamptz, ADD COLUMN acting_user_id text COLLATE "C",
        ADD COLUMN reason text, ADD COLUMN failed_count integer NOT NULL DEFAULT 0
    """,
    "ALTER TABLE chassis.credential ADD COLUMN previous_hashes text[] NOT NULL DEFAULT '{}'",
    """
    CREATE TABLE chassis.security_policy (
        tenant_id integer NOT NULL, body jsonb NOT NULL, changed_at timestamptz NOT NULL, changed_by text COLLATE "C",
        CONSTRAINT security_policy_pkey PRIMARY KEY (tenant_id)
    )
    """,
    """
    CREATE TABLE chassis.factor (
        tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL,
        kind text NOT NULL CONSTRAINT factor_kind_check CHECK (kind IN ('totp', 'passkey')), label text NOT NULL,
        secret bytea, last_step bigint, credential_id bytea, public_key bytea, sign_count bigint, transports text[],
        created_at timestamptz NOT NULL, confirmed_at timestamptz, last_used_at timestamptz,
        CONSTRAINT factor_pkey PRIMARY KEY (tenant_id, id),
        CONSTRAINT factor_credential_key UNIQUE (tenant_id, credential_id)
    )
    """,
    "CREATE INDEX factor_of_user ON chassis.factor (tenant_id, user_id)",
    """
    CREATE TABLE chassis.recovery_code (
        tenant_id integer NOT NULL, user_id text COLLATE "C" NOT NULL, code_hash bytea NOT NULL,
        created_at timestamptz NOT NULL, used_at timestamptz,
        CONSTRAINT recovery_code_pkey PRIMARY KEY (tenant_id, user_id, code_hash)
    )
    """,
    """
    CREATE TABLE chassis.known_device (
        tenant_id integer NOT NULL, user_id text COLLATE "C" NOT NULL, device_hash bytea NOT NULL,
        failed_count integer NOT NULL DEFAULT 0, locked_until timestamptz, last_seen_at timestamptz NOT NULL,
        CONSTRAINT known_device_pkey PRIMARY KEY (tenant_id, user_id, device_hash)
    )
    """,
    """
    CREATE TABLE chassis.door_token (
        tenant_id integer NOT NULL, token_hash bytea NOT NULL, purpose text COLLATE "C" NOT NULL,
        user_id text COLLATE "C" NOT NULL, created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
        used_at timestamptz,
        CONSTRAINT door_token_pkey PRIMARY KEY (tenant_id, token_hash)
    )
    """,
    "CREATE INDEX door_token_of_user ON chassis.door_token (tenant_id, user_id, purpose)",
    """
    CREATE TABLE chassis.login_grant (
        tenant_id integer NOT NULL, user_id text COLLATE "C" NOT NULL, granted_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT login_grant_pkey PRIMARY KEY (tenant_id, user_id)
    )
    """,
    """
    CREATE TABLE chassis.source_attempt (
        source text COLLATE "C" NOT NULL, failed_count integer NOT NULL, began_at timestamptz NOT NULL,
        locked_until timestamptz,
        CONSTRAINT source_attempt_pkey PRIMARY KEY (source)
    )
    """,
)
#: The tables above, each behind the wall of its tenant.
WALLED: tuple[str, ...] = (
    "chassis.security_policy", "chassis.factor", "chassis.recovery_code", "chassis.known_device", "chassis.door_token",
    "chassis.login_grant",
)  # fmt: skip
#: Failed sign-ins of one address, whoever they tried to be: no tenant is known then, so these run as the owner.
WALLS: tuple[str, ...] = (
    """
    CREATE FUNCTION chassis.source_locked_until(wanted text) RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS $$ SELECT a.locked_until FROM chassis.source_attempt a WHERE a.source = wanted $$
    """,
    """
    CREATE FUNCTION chassis.note_failed_source(wanted text, moment timestamptz, most integer) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
    AS $$
        DELETE FROM chassis.source_attempt a
        WHERE a.source IN (SELECT o.source FROM chassis.source_attempt o
                           WHERE o.began_at < moment - interval '1 day' AND o.source <> wanted LIMIT 10);
        INSERT INTO chassis.source_attempt AS a (source, failed_count, began_at) VALUES (wanted, 1, moment)
        ON CONFLICT (source) DO UPDATE SET
            began_at = CASE WHEN a.began_at < moment - interval '15 minutes' AND coalesce(a.locked_until < moment, true)
                THEN moment ELSE a.began_at END,
            failed_count = CASE
                WHEN a.began_at < moment - interval '15 minutes' AND coalesce(a.locked_until < moment, true)
                THEN 1 ELSE a.failed_count + 1 END;
        UPDATE chassis.source_attempt a
        SET locked_until = moment + least(2 ^ least(a.failed_count - most, 8), 240) * interval '1 minute'
        WHERE a.source = wanted AND a.failed_count >= most;
    $$
    """,
    """
    REVOKE ALL ON FUNCTION chassis.source_locked_until(text),
        chassis.note_failed_source(text, timestamptz, integer) FROM PUBLIC
    """,
    """
    GRANT EXECUTE ON FUNCTION chassis.source_locked_until(text),
        chassis.note_failed_source(text, timestamptz, integer) TO chassis_server
    """,
)


def upgrade() -> None:
    execute((*TABLES, *WALLS))
    wall(*WALLED)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
