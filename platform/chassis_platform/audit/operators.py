"""The journal of who runs the installation: tenants made, suspended, exported, erased; packages published; tokens.

No tenant owns it. Each line repeats the hash of the line before and is signed; an act is noted before it begins, and
when it is done or has failed.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis_platform.audit.entries import json_bytes
from chassis_platform.audit.keys import is_signed, load_signer
from chassis_tenants.database import Row

FORMAT = "chassis-operator-act-1"
NO_ACT = bytes(32)
_LOCK = 0x61_63_74_73  # "acts"


@contextmanager
def noted(owner_dsn: str, home: Path, act: str, target: str, **details: Any) -> Iterator[None]:
    """Note an act around it: `begun` before, then `done` or `failed`. What can't be noted isn't done."""
    note(owner_dsn, home, act, target, state="begun", **details)
    try:
        yield
    except BaseException as error:
        note(owner_dsn, home, act, target, state="failed", error=type(error).__name__)
        raise
    note(owner_dsn, home, act, target, state="done")


def note(owner_dsn: str, home: Path, act: str, target: str, **details: Any) -> None:
    """Add a line to the chain. Lines of several commands take turns."""
    signer = load_signer(home)
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        rows = connection.execute(
            "SELECT sequence, hash FROM chassis.operator_act ORDER BY sequence DESC LIMIT 1"
        ).fetchall()
        sequence, previous = rows[0] if rows else (0, NO_ACT)
        entry = json_bytes(
            {
                "format": FORMAT,
                "sequence": sequence + 1,
                "at": datetime.now(UTC).isoformat(timespec="microseconds"),
                "operator": f"{_user()}@{socket.gethostname()}",
                "act": act,
                "target": target,
                **details,
                "previous": bytes(previous).hex(),
            }
        )
        connection.execute(
            "INSERT INTO chassis.operator_act (sequence, entry, hash, signature, key_id) VALUES (%s, %s, %s, %s, %s)",
            [sequence + 1, entry.decode(), hashlib.sha256(entry).digest(), signer.sign(entry), signer.key_id],
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number without a name
        return "unknown"


def read_acts(connection: psycopg.Connection[Row], most: int = 100) -> list[dict[str, Any]]:
    """The newest acts, newest first."""
    rows = connection.execute("SELECT entry FROM chassis.operator_act ORDER BY sequence DESC LIMIT %s", [most])
    return [json.loads(entry) for (entry,) in rows]


def verify_acts(
    connection: psycopg.Connection[Row], trusted: Mapping[str, Ed25519PublicKey], *, head: str | None = None
) -> tuple[list[str], str | None]:
    """What is wrong with the chain, in words, and its newest hash; `head` is one that was noted earlier."""
    findings: list[str] = []
    previous, expected, is_anchored = NO_ACT, 1, head is None
    rows = connection.execute(
        "SELECT sequence, entry, hash, signature, key_id FROM chassis.operator_act ORDER BY sequence"
    )
    for sequence, entry, hashed, signature, key_id in rows:
        found = hashlib.sha256(entry.encode()).digest()
        key = trusted.get(key_id)
        if sequence != expected:
            findings.append(f"act {expected}: it is missing, and all up to {sequence - 1}")
        elif json.loads(entry)["previous"] != previous.hex():
            findings.append(f"act {sequence}: it does not continue the act before it")
        if key is None or found != bytes(hashed) or not is_signed(key, bytes(signature), entry.encode()):
            findings.append(f"act {sequence}: it is not as it was signed")
        previous, expected = found, sequence + 1
        is_anchored = is_anchored or found.hex() == head
    if not is_anchored:
        findings.append("the act noted earlier is gone: the chain was cut off")
    return findings, previous.hex() if expected > 1 else None
