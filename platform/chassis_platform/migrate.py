"""Brings the platform's own tables to this version of the code."""

from __future__ import annotations

from alembic import command
from alembic.config import Config


def migrate(owner_dsn: str) -> None:
    """Run the migrations that are missing; safe in many processes at once, some milliseconds when none is missing."""
    config = Config()
    config.set_main_option("script_location", "chassis_platform:migrations")
    config.attributes["dsn"] = owner_dsn
    command.upgrade(config, "head")
