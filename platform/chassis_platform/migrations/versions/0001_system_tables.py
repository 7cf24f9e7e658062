"""The registry, the tenants' own tables, and the walls round them.

Revision ID: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMAS = ("chassis", "data", "tenant")
#: Trusted: the database's owner may create them. Substring search, and tenant_id beside what GIN indexes.
EXTENSIONS = ("pg_trgm", "btree_gin", "unaccent")

#: No tenant owns these. The server reads them; what it may write is granted column by column below.
REGISTRY = """
CREATE TABLE chassis.tenant (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL CONSTRAINT tenant_organization_id_key UNIQUE,
    name text COLLATE "C" NOT NULL CONSTRAINT tenant_name_key UNIQUE,
    label text NOT NULL,
    status text NOT NULL DEFAULT 'active' CONSTRAINT tenant_status_check CHECK (status IN ('active', 'suspended', 'erased')),
    language text NOT NULL DEFAULT 'en_US',
    time_zone text NOT NULL DEFAULT 'UTC',
    currency text NOT NULL DEFAULT 'USD',
    metadata_version bigint NOT NULL DEFAULT 1,
    access_version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE chassis.package_version (
    package text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    document jsonb NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT package_version_pkey PRIMARY KEY (package, version)
);
CREATE TABLE chassis.login_name (
    username text COLLATE "C" NOT NULL CONSTRAINT login_name_pkey PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES chassis.tenant (id),
    user_id text COLLATE "C" NOT NULL,
    CONSTRAINT login_name_user_key UNIQUE (tenant_id, user_id)
);
"""

#: Each row belongs to a tenant; row-level security on all of them.
TENANT_TABLES = """
CREATE TABLE chassis.installation (
    tenant_id integer NOT NULL, package text COLLATE "C" NOT NULL, version text COLLATE "C" NOT NULL,
    installed_at timestamptz NOT NULL DEFAULT now(), installed_by text COLLATE "C",
    CONSTRAINT installation_pkey PRIMARY KEY (tenant_id, package)
);
CREATE TABLE chassis.component (
    tenant_id integer NOT NULL, kind text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, body jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), changed_at timestamptz NOT NULL DEFAULT now(), changed_by text COLLATE "C",
    CONSTRAINT component_pkey PRIMARY KEY (tenant_id, kind, name)
);
CREATE TABLE chassis.credential (
    tenant_id integer NOT NULL, user_id text COLLATE "C" NOT NULL, password_hash text NOT NULL,
    failed_count integer NOT NULL DEFAULT 0, locked_until timestamptz, must_change boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT credential_pkey PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE chassis.session (
    tenant_id integer NOT NULL, token_hash bytea NOT NULL, id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CONSTRAINT session_kind_check CHECK (kind IN ('browser', 'api', 'command_line')), client_name text, csrf_hash bytea,
    source_ip text, user_agent text, created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL, revoked_at timestamptz,
    CONSTRAINT session_pkey PRIMARY KEY (tenant_id, token_hash),
    CONSTRAINT session_id_key UNIQUE (tenant_id, id)
);
CREATE INDEX session_of_user ON chassis.session (tenant_id, user_id);
CREATE TABLE chassis.api_client (
    tenant_id integer NOT NULL, client_id text COLLATE "C" NOT NULL, secret_hash bytea NOT NULL, label text NOT NULL,
    run_as_user_id text COLLATE "C", created_at timestamptz NOT NULL DEFAULT now(), revoked_at timestamptz,
    CONSTRAINT api_client_pkey PRIMARY KEY (tenant_id, client_id)
);
CREATE TABLE chassis.inbound_key (
    tenant_id integer NOT NULL, key_hash bytea NOT NULL, label text NOT NULL, run_as_user_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), revoked_at timestamptz,
    CONSTRAINT inbound_key_pkey PRIMARY KEY (tenant_id, key_hash)
);
CREATE TABLE chassis.inbound_message (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, mapping text COLLATE "C" NOT NULL, message_key text COLLATE "C" NOT NULL,
    status text NOT NULL CONSTRAINT inbound_message_status_check CHECK (status IN ('accepted', 'refused')),
    received_at timestamptz NOT NULL DEFAULT now(), processed_at timestamptz, content_type text, content bytea NOT NULL,
    problems jsonb NOT NULL DEFAULT '[]'::jsonb, record_ids text[] NOT NULL DEFAULT '{}', result jsonb, source_ip text,
    CONSTRAINT inbound_message_pkey PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX inbound_message_once ON chassis.inbound_message (tenant_id, mapping, message_key) WHERE status = 'accepted';
CREATE INDEX inbound_message_recent ON chassis.inbound_message (tenant_id, received_at DESC);
CREATE TABLE chassis.query_locator (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL, query text NOT NULL,
    include_deleted boolean NOT NULL DEFAULT false, position integer NOT NULL, after jsonb NOT NULL, total integer NOT NULL,
    batch_size integer NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT query_locator_pkey PRIMARY KEY (tenant_id, id)
);
CREATE TABLE chassis.counter (
    tenant_id integer NOT NULL, name text COLLATE "C" NOT NULL, value bigint NOT NULL,
    CONSTRAINT counter_pkey PRIMARY KEY (tenant_id, name)
);
CREATE TABLE chassis.job (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, payload jsonb NOT NULL DEFAULT '{}'::jsonb,
    status text NOT NULL DEFAULT 'ready' CONSTRAINT job_status_check CHECK (status IN ('ready', 'running', 'failed')),
    run_at timestamptz NOT NULL DEFAULT now(), attempts integer NOT NULL DEFAULT 0, lease_until timestamptz,
    lock_key text COLLATE "C", last_error text, created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT job_pkey PRIMARY KEY (tenant_id, id)
);
CREATE INDEX job_ready ON chassis.job (run_at, id) WHERE status = 'ready';
CREATE INDEX job_lease ON chassis.job (lease_until) WHERE status = 'running';
CREATE UNIQUE INDEX job_lock ON chassis.job (tenant_id, lock_key) WHERE status = 'running';
CREATE TABLE data.custom_record (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, object_name text COLLATE "C" NOT NULL, name text,
    name__lower text COLLATE "C" GENERATED ALWAYS AS (lower(name)) STORED,
    owner_id text COLLATE "C", record_type_id text COLLATE "C",
    created_date timestamptz NOT NULL DEFAULT now(), created_by_id text COLLATE "C",
    last_modified_date timestamptz NOT NULL DEFAULT now(), last_modified_by_id text COLLATE "C",
    system_modstamp timestamptz NOT NULL DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, deleted_date timestamptz, deleted_by_id text COLLATE "C",
    row_version bigint NOT NULL DEFAULT 1, custom jsonb NOT NULL DEFAULT '{}'::jsonb,
    CONSTRAINT custom_record_pkey PRIMARY KEY (tenant_id, id)
);
CREATE INDEX custom_record_name ON data.custom_record (tenant_id, object_name, name__lower, id);
CREATE INDEX custom_record_created ON data.custom_record (tenant_id, object_name, created_date, id);
CREATE INDEX custom_record_owner ON data.custom_record (tenant_id, object_name, owner_id, id);
CREATE INDEX custom_record_modstamp ON data.custom_record (tenant_id, object_name, system_modstamp);
CREATE TABLE data.custom_index (
    tenant_id integer NOT NULL, object_name text COLLATE "C" NOT NULL, field_name text COLLATE "C" NOT NULL, record_id text COLLATE "C" NOT NULL,
    text_value text COLLATE "C", number_value double precision, time_value timestamptz, unique_value text COLLATE "C",
    CONSTRAINT custom_index_pkey PRIMARY KEY (tenant_id, object_name, field_name, record_id)
);
CREATE INDEX custom_index_text ON data.custom_index (tenant_id, object_name, field_name, text_value);
CREATE INDEX custom_index_number ON data.custom_index (tenant_id, object_name, field_name, number_value);
CREATE INDEX custom_index_time ON data.custom_index (tenant_id, object_name, field_name, time_value);
CREATE UNIQUE INDEX custom_index_unique ON data.custom_index (tenant_id, object_name, field_name, unique_value) WHERE unique_value IS NOT NULL;
"""

#: Asked before a tenant is bound (sign-in, claiming jobs), so they run as the owner and answer one thing each.
TENANT_OF_USERNAME = """
CREATE FUNCTION chassis.tenant_of_username(wanted text) RETURNS TABLE (tenant_id integer, user_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$ SELECT l.tenant_id, l.user_id FROM chassis.login_name l WHERE l.username = lower(wanted) $$
"""
#: The oldest ready job of each lock key, tenants in turn. Claimers take turns too: a claim costs a millisecond, and
#: without the lock a second one could start a job whose lock key the first has just taken.
CLAIM_JOBS = """
CREATE FUNCTION chassis.claim_jobs(most integer, lease_seconds integer)
RETURNS TABLE (tenant_id integer, id text, kind text, payload jsonb, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
    SELECT pg_advisory_xact_lock(1785684595);
    UPDATE chassis.job j SET status = 'ready', lease_until = NULL
    WHERE j.status = 'running' AND j.lease_until < now();
    WITH ready AS (
        SELECT j.tenant_id, j.id, j.lock_key, j.run_at,
               row_number() OVER (PARTITION BY j.tenant_id ORDER BY j.run_at, j.id) AS turn,
               row_number() OVER (PARTITION BY j.tenant_id, coalesce(j.lock_key, j.id) ORDER BY j.run_at, j.id) AS place
        FROM (
            SELECT * FROM chassis.job w
            WHERE w.status = 'ready' AND w.run_at <= now()
              AND EXISTS (SELECT FROM chassis.tenant t WHERE t.id = w.tenant_id AND t.status = 'active')
              AND (w.lock_key IS NULL OR NOT EXISTS (
                  SELECT FROM chassis.job r
                  WHERE r.tenant_id = w.tenant_id AND r.lock_key = w.lock_key AND r.status = 'running'))
            ORDER BY w.run_at, w.id LIMIT 400
        ) j
    ), chosen AS (
        SELECT j.tenant_id, j.id FROM chassis.job j JOIN ready r ON r.tenant_id = j.tenant_id AND r.id = j.id
        WHERE r.place = 1 AND j.status = 'ready'
        ORDER BY r.turn, r.run_at LIMIT most FOR UPDATE OF j SKIP LOCKED
    )
    UPDATE chassis.job j
    SET status = 'running', attempts = j.attempts + 1, lease_until = now() + make_interval(secs => lease_seconds)
    FROM chosen c WHERE j.tenant_id = c.tenant_id AND j.id = c.id
    RETURNING j.tenant_id, j.id, j.kind, j.payload, j.attempts
$$
"""

WALLED = (
    "chassis.installation", "chassis.component", "chassis.credential", "chassis.session", "chassis.api_client",
    "chassis.inbound_key", "chassis.inbound_message", "chassis.query_locator", "chassis.counter", "chassis.job",
    "data.custom_record", "data.custom_index",
)  # fmt: skip

BOUND = "nullif(current_setting('app.tenant_id', true), '')::int"


def upgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for extension in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    for statement in (REGISTRY + TENANT_TABLES).split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute(TENANT_OF_USERNAME)
    op.execute(CLAIM_JOBS)
    for table in WALLED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY isolation ON {table} USING (tenant_id = {BOUND}) WITH CHECK (tenant_id = {BOUND})")
    for name in ("custom_record", "custom_index"):
        op.execute(
            f"CREATE VIEW tenant.{name} AS SELECT * FROM data.{name} WHERE tenant_id = {BOUND} WITH LOCAL CHECK OPTION"
        )
    _wall_the_registry()
    _grant()


def _wall_the_registry() -> None:
    op.execute("ALTER TABLE chassis.tenant ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY lookup ON chassis.tenant FOR SELECT USING (true)")
    op.execute(f"CREATE POLICY isolation ON chassis.tenant FOR UPDATE USING (id = {BOUND}) WITH CHECK (id = {BOUND})")
    op.execute("ALTER TABLE chassis.login_name ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY isolation ON chassis.login_name USING (tenant_id = {BOUND}) WITH CHECK (tenant_id = {BOUND})"
    )


def _grant() -> None:
    op.execute("GRANT USAGE ON SCHEMA chassis, data, tenant TO chassis_server")
    op.execute("GRANT SELECT ON chassis.tenant, chassis.package_version TO chassis_server")
    op.execute("GRANT UPDATE (metadata_version, access_version) ON chassis.tenant TO chassis_server")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON chassis.login_name, {', '.join(WALLED)} TO chassis_server")
    op.execute("GRANT SELECT ON tenant.custom_record, tenant.custom_index TO chassis_server")
    op.execute(
        "REVOKE ALL ON FUNCTION chassis.tenant_of_username(text), chassis.claim_jobs(integer, integer) FROM PUBLIC"
    )
    op.execute(
        "GRANT EXECUTE ON FUNCTION chassis.tenant_of_username(text), chassis.claim_jobs(integer, integer) TO chassis_server"
    )


def downgrade() -> None:
    raise NotImplementedError("There is nothing before the first tables. Drop the database instead.")
