"""What a worker process holds, and what a handler is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis_platform.access.compile import PolicyStore
from chassis_platform.settings import Settings
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore


@dataclass(frozen=True, slots=True)
class WorkerServer:
    """The pool, the stores of compiled values, the settings; `home` holds the keys."""

    database: Database
    snapshots: SnapshotStore
    policies: PolicyStore
    settings: Settings
    home: Path


#: Runs one job. It may run again after it was done (a worker can die before it says so), so it must bear that. Raising
#: means: try again later.
Handler = Callable[[WorkerServer, int, Mapping[str, Any]], Awaitable[None]]
