"""Identity providers, provisioning, connected apps.

Revision ID: 0006
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

#: Tables and indexes in schema chassis; each has tenant_id in its key.
TABLES: tuple[str, ...] = (
    # API clients become connected apps: those that are there keep what they could do.
    """
ALTER TABLE chassis.api_client
    ALTER COLUMN secret_hash DROP NOT NULL,
    ADD COLUMN description text,
    ADD COLUMN grants text[] NOT NULL DEFAULT '{password,client_credentials}',
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{full}',
    ADD COLUMN redirect_uris text[] NOT NULL DEFAULT '{}',
    ADD COLUMN certificate text,
    ADD COLUMN ip_ranges text[] NOT NULL DEFAULT '{}',
    ADD COLUMN admission text NOT NULL DEFAULT 'self'
        CONSTRAINT api_client_admission_check CHECK (admission IN ('self', 'approved')),
    ADD COLUMN permission_sets text[] NOT NULL DEFAULT '{}',
    ADD COLUMN refresh_days integer NOT NULL DEFAULT 30,
    ADD COLUMN created_by text COLLATE "C",
    ADD COLUMN changed_at timestamptz""",
    """
ALTER TABLE chassis.session
    ADD COLUMN client_id text COLLATE "C", ADD COLUMN grant_id text COLLATE "C", ADD COLUMN scopes text[]""",
    "CREATE INDEX session_of_client ON chassis.session (tenant_id, client_id, user_id) WHERE client_id IS NOT NULL",
    # What a user let an app do.
    """
CREATE TABLE chassis.app_consent (
    tenant_id integer NOT NULL, client_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL,
    scopes text[] NOT NULL, granted_at timestamptz NOT NULL, last_used_at timestamptz,
    CONSTRAINT app_consent_pkey PRIMARY KEY (tenant_id, client_id, user_id)
)""",
    "CREATE INDEX app_consent_of_user ON chassis.app_consent (tenant_id, user_id)",
    # Codes that an app exchanges for tokens, once.
    """
CREATE TABLE chassis.oauth_code (
    tenant_id integer NOT NULL, code_hash bytea NOT NULL, client_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL, grant_id text COLLATE "C" NOT NULL, redirect_uri text NOT NULL,
    scopes text[] NOT NULL, challenge text, nonce text, authenticated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL, used_at timestamptz,
    CONSTRAINT oauth_code_pkey PRIMARY KEY (tenant_id, code_hash)
)""",
    # Refresh tokens; those of one grant are a family: one that is used twice ends them all.
    """
CREATE TABLE chassis.refresh_token (
    tenant_id integer NOT NULL, token_hash bytea NOT NULL, client_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL, grant_id text COLLATE "C" NOT NULL, scopes text[] NOT NULL,
    authenticated_at timestamptz NOT NULL, created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
    used_at timestamptz, revoked_at timestamptz,
    CONSTRAINT refresh_token_pkey PRIMARY KEY (tenant_id, token_hash)
)""",
    "CREATE INDEX refresh_token_family ON chassis.refresh_token (tenant_id, grant_id)",
    "CREATE INDEX refresh_token_of_client ON chassis.refresh_token (tenant_id, client_id, user_id)",
    # Devices without a browser that wait for somebody to let them in.
    """
CREATE TABLE chassis.device_code (
    tenant_id integer NOT NULL, device_hash bytea NOT NULL, user_code_hash bytea NOT NULL,
    client_id text COLLATE "C" NOT NULL, scopes text[] NOT NULL,
    status text NOT NULL DEFAULT 'waiting'
        CONSTRAINT device_code_status_check CHECK (status IN ('waiting', 'approved', 'denied', 'used')),
    user_id text COLLATE "C", polled_at timestamptz, expires_at timestamptz NOT NULL,
    CONSTRAINT device_code_pkey PRIMARY KEY (tenant_id, device_hash),
    CONSTRAINT device_code_user_code_key UNIQUE (tenant_id, user_code_hash)
)""",
    # Assertions and signed requests that were accepted: none is accepted twice.
    """
CREATE TABLE chassis.used_token (
    tenant_id integer NOT NULL, issuer text COLLATE "C" NOT NULL, token_id text COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT used_token_pkey PRIMARY KEY (tenant_id, issuer, token_id)
)""",
    """
CREATE TABLE chassis.identity_provider (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
    kind text NOT NULL CONSTRAINT identity_provider_kind_check CHECK (kind IN ('oidc', 'saml')),
    label text NOT NULL, is_active boolean NOT NULL DEFAULT true, body jsonb NOT NULL, sealed_secret bytea,
    created_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, changed_by text COLLATE "C",
    CONSTRAINT identity_provider_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT identity_provider_name_key UNIQUE (tenant_id, name)
)""",
    # Who a provider's subject is here.
    """
CREATE TABLE chassis.federated_identity (
    tenant_id integer NOT NULL, provider_id text COLLATE "C" NOT NULL, subject text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL, linked_at timestamptz NOT NULL, linked_by text COLLATE "C",
    last_sign_in_at timestamptz,
    CONSTRAINT federated_identity_pkey PRIMARY KEY (tenant_id, provider_id, subject),
    CONSTRAINT federated_identity_user_key UNIQUE (tenant_id, provider_id, user_id)
)""",
    # Sign-ins that are under way at a provider; each ends once.
    """
CREATE TABLE chassis.sso_attempt (
    tenant_id integer NOT NULL, state_hash bytea NOT NULL, provider_id text COLLATE "C" NOT NULL,
    body jsonb NOT NULL, expires_at timestamptz NOT NULL,
    CONSTRAINT sso_attempt_pkey PRIMARY KEY (tenant_id, state_hash)
)""",
    # Whether passwords still open the tenant's door, and for whom they do in any case.
    """
CREATE TABLE chassis.sso_policy (
    tenant_id integer NOT NULL CONSTRAINT sso_policy_pkey PRIMARY KEY, only_sso boolean NOT NULL DEFAULT false,
    exempt_user_ids text[] NOT NULL DEFAULT '{}', changed_at timestamptz NOT NULL, changed_by text COLLATE "C"
)""",
    """
CREATE TABLE chassis.scim_token (
    tenant_id integer NOT NULL, token_hash bytea NOT NULL, id text COLLATE "C" NOT NULL, label text NOT NULL,
    permission_sets text[] NOT NULL DEFAULT '{}', created_at timestamptz NOT NULL, created_by text COLLATE "C",
    expires_at timestamptz, last_used_at timestamptz, revoked_at timestamptz,
    CONSTRAINT scim_token_pkey PRIMARY KEY (tenant_id, token_hash),
    CONSTRAINT scim_token_id_key UNIQUE (tenant_id, id)
)""",
    # What the provisioning system calls a user or a group.
    """
CREATE TABLE chassis.scim_name (
    tenant_id integer NOT NULL, kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
    external_id text COLLATE "C" NOT NULL,
    CONSTRAINT scim_name_pkey PRIMARY KEY (tenant_id, kind, id)
)""",
    "CREATE INDEX scim_name_external ON chassis.scim_name (tenant_id, kind, external_id)",
    "CREATE INDEX login_name_domain ON chassis.login_name (split_part(username, '@', 2))",
)
#: The tables above, each behind the wall of its tenant.
WALLED: tuple[str, ...] = (
    "chassis.app_consent",
    "chassis.oauth_code",
    "chassis.refresh_token",
    "chassis.device_code",
    "chassis.used_token",
    "chassis.identity_provider",
    "chassis.federated_identity",
    "chassis.sso_attempt",
    "chassis.sso_policy",
    "chassis.scim_token",
    "chassis.scim_name",
)
#: Functions and grants.
WALLS: tuple[str, ...] = (
    # Asked before anybody is known: the tenant whose users' names end so, if it is one. It says nothing of a user.
    """
CREATE FUNCTION chassis.tenant_of_domain(wanted text) RETURNS TABLE (tenant_id integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
    SELECT min(l.tenant_id) FROM chassis.login_name l
    WHERE split_part(l.username, '@', 2) = lower(wanted) AND wanted <> ''
    HAVING count(DISTINCT l.tenant_id) = 1
$$
""",
    "REVOKE ALL ON FUNCTION chassis.tenant_of_domain(text) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION chassis.tenant_of_domain(text) TO chassis_server",
)


def upgrade() -> None:
    execute((*TABLES, *WALLS))
    wall(*WALLED)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
