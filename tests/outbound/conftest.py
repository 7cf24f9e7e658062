from __future__ import annotations

from inbound.conftest import dealership

__all__ = ["dealership"]
