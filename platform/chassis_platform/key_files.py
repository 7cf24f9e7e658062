"""Files of keys in the installation's home: written once, whole, for the owner's eyes alone."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def key_of_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds; made if there is none. Servers and workers of one installation share it."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_once(path, make())
    return path.read_bytes()


def write_once(path: Path, content: bytes) -> None:
    """Whole or not at all, and never over another: of two that race, both go on with the first one's."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
