"""Declared checksums: a definition in the snapshot to the check that its field's values pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chassis_metadata.components import FunctionDefinition


def checksum_of(definition: FunctionDefinition) -> Callable[[Any], str | None]:
    """The check of a definition: answers what is wrong with a value, or None."""
    from chassis_metadata.functions import checksum_problem

    return lambda value: checksum_problem(definition, value)
