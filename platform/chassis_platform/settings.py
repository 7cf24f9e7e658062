"""Settings: read once from the environment (CHASSIS_…), typed, with the defaults of a fresh clone."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set. Every name is the environment variable's, without the prefix `CHASSIS_`."""

    model_config = SettingsConfigDict(env_prefix="CHASSIS_", extra="ignore")

    home: Path = Field(default=Path(".chassis"), description="Where the embedded database, secrets and demo.json live.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port to serve on; 0 takes a free one.")
    tls_port: int | None = Field(
        default=None, ge=0, le=65535, description="The port for HTTPS; unset: CHASSIS_PORT + 443; 0: none."
    )
    tls_certificate: Path | None = Field(
        default=None, description="A PEM certificate chain; unset: one made for localhost."
    )
    tls_key: Path | None = Field(default=None, description="The certificate's PEM key.")
    host: str = Field(default="127.0.0.1", description="The address to listen on; 0.0.0.0 for all.")
    database_url: SecretStr | None = Field(default=None, description="The owner's DSN; unset: the embedded PostgreSQL.")
    server_database_url: SecretStr | None = Field(default=None, description="The server role's DSN, where it differs.")
    region: str | None = Field(
        default=None, description="Where this process is, such as cn or eu-central: tenants of elsewhere are refused."
    )
    database_pool: int = Field(default=16, ge=2, le=200, description="Most connections of one server process.")
    database_prepared: bool = Field(default=True, description="False behind a pooler without prepared statements.")
    packages: Path = Field(default=Path("packages"), description="The folder of packages to publish.")
    web: Path = Field(default=Path("admin_ui/dist"), description="The built web application.")
    key_encryption_keys: SecretStr | None = Field(
        default=None,
        description="What wraps the tenants' keys: base64 of 32 random bytes, several with commas between; the first "
        "wraps, the others still unwrap. Unset: keys/tenant_keys_aes256.keys in CHASSIS_HOME.",
    )
    key_service_url: str | None = Field(
        default=None, description="A service that wraps the tenants' keys instead (Vault or OpenBao, transit engine)."
    )
    key_service_key: str = Field(default="chassis", description="The name of the key in that service.")
    key_service_token: SecretStr | None = Field(default=None, description="The token that the service asks for.")
    public_url: str | None = Field(default=None, description="The address clients use; unset: that of the request.")
    log_level: str = Field(default="info", description="debug, info, warning or error.")
    session_idle_minutes: int = Field(default=120, ge=5, description="A session ends after so long without a request.")
    session_hours: int = Field(default=12, ge=1, description="A session ends after so long in any case.")
    api_daily_requests: int = Field(default=1_000_000, ge=1, description="API requests of a tenant in 24 hours.")
    tenant_requests_per_second: int = Field(default=4_000, ge=0, description="Of one tenant, in one process; 0: any.")
    user_requests_per_second: int = Field(default=2_000, ge=0, description="Of one user, in one process; 0: any.")
    client_requests_per_second: int = Field(
        default=2_000, ge=0, description="Of one connected app or inbound key, in one process; 0: any."
    )
    tenant_requests_at_once: int = Field(
        default=16, ge=1, description="Requests of a tenant that are worked on at once."
    )
    tenant_requests_waiting: int = Field(
        default=500, ge=0, description="Requests of a tenant that wait for their turn."
    )
    shared_requests_at_once: int = Field(
        default=0, ge=0, description="Work that tenants share out when there are several; 0: one a processor."
    )
    daily_bulk_jobs: int = Field(default=10_000, ge=0, description="Bulk jobs of a tenant in 24 hours.")
    data_storage_megabytes: int = Field(default=102_400, ge=1, description="Of records, at 2 KB each: told by /limits.")
    file_storage_megabytes: int = Field(default=102_400, ge=1, description="Of files: told by /limits.")
    trusted_proxies: str = Field(
        default="", description="Addresses whose X-Forwarded-For is believed, comma-separated."
    )
    demo: bool = Field(default=True, description="False: `up` provisions no demo tenants.")
    smtp_host: str | None = Field(default=None, description="The mail server; unset: e-mails stay queued.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="The mail server's port.")
    smtp_user: str | None = Field(default=None, description="The name to sign in to the mail server with.")
    smtp_password: SecretStr | None = Field(default=None, description="The password that goes with it.")
    smtp_security: str = Field(default="starttls", description="starttls, tls (from the start) or none.")
    smtp_from: str = Field(default="chassis@localhost", description="The address that e-mails come from.")
    webhook_hosts: str = Field(
        default="",
        description="Hosts that flows and webhooks may call, comma-separated; *.example.com for all below it.",
    )
    webhook_private: bool = Field(default=False, description="True: also hosts with private addresses.")
    identity_provider_hosts: str = Field(
        default="*",
        description="Hosts that sign-in may ask about users (OpenID Connect), comma-separated; *.example.com as above.",
    )
    identity_provider_private: bool = Field(
        default=False, description="True: also hosts with private addresses, and without TLS."
    )
