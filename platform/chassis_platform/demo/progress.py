"""What a demo load has done, in a file of its own until all is there: secrets given, steps begun, the day it counts.

A step notes how many records its object had before it began. Its records follow from the plan alone and their ids rise,
so a load that was killed sees how far it came, whatever it was doing.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from chassis_platform.auth.passwords import random_password

PENDING_FILE = "demo_pending.json"
DEMO_FILE = "demo.json"


def write_private(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON file that only its owner may read: whole or not at all."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@dataclass(slots=True)
class Progress:
    """The file, and what stands in it."""

    path: Path
    document: dict[str, Any]

    @classmethod
    def open(cls, home: Path, today: date) -> Progress:
        """The progress of a load that was interrupted, or that of one to begin."""
        path = home / PENDING_FILE
        if path.exists():
            return cls(path, json.loads(path.read_text(encoding="utf-8")))
        return cls(path, {"digest": None, "today": today.isoformat(), "tenants": {}})

    def begun_with_another(self, digest: str) -> list[str]:
        """The names of tenants that were begun with a plan of another content."""
        if self.document["digest"] == digest:
            return []
        return [name for name in self.document["tenants"] if self.tenant(name).is_begun]

    def start(self, digest: str) -> None:
        """Go on with this plan; what was done with another counts no more."""
        if self.document["digest"] != digest:
            self.document |= {"digest": digest, "tenants": {}}

    def save(self) -> None:
        """Keep it across a power cut."""
        write_private(self.path, self.document)

    @property
    def today(self) -> date:
        """The day that the load began."""
        return date.fromisoformat(self.document["today"])

    def tenant(self, name: str) -> TenantProgress:
        """The part of one tenant."""
        entry = self.document["tenants"].setdefault(name, {"passwords": {}, "steps": {}})
        return TenantProgress(self, entry)


@dataclass(frozen=True, slots=True)
class TenantProgress:
    """What is done for one tenant."""

    progress: Progress
    entry: dict[str, Any]

    @property
    def is_begun(self) -> bool:
        """Whether this load made the tenant, or was about to."""
        return bool(self.entry.get("begun"))

    @property
    def result(self) -> dict[str, Any] | None:
        """What demo.json says of the tenant, once it is complete."""
        return self.entry.get("result")

    def begin(self) -> None:
        """Note that the tenant of this name is ours, before it is made."""
        self.entry["begun"] = True
        self.progress.save()

    def finish(self, result: Mapping[str, Any]) -> None:
        """Note that the tenant is complete."""
        self.entry["result"] = dict(result)
        self.progress.save()

    def password(self, username: str) -> str:
        """The user's password: random, and the same whenever it is asked for."""
        return str(self.entry["passwords"].setdefault(username, random_password()))

    def save(self) -> None:
        """Keep the passwords that were asked for."""
        self.progress.save()

    def records_before(self, step: str) -> int | None:
        """How many records the step's object had when the step began; None if it never did."""
        before: int | None = self.entry["steps"].get(step)
        return before

    def begin_step(self, step: str, before: int) -> None:
        """Note where the step begins, before anything of it is written."""
        self.entry["steps"][step] = before
        self.progress.save()
