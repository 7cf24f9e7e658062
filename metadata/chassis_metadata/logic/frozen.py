"""A component as a document that outlives it: what is under way goes on with the version that it began with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from chassis_metadata.components import LogicComponent


def document_of(component: LogicComponent, **more: str) -> dict[str, Any]:
    """The definition as JSON; `more` is what its engine wants to know of it later."""
    return {
        "name": component.full_name,
        "package": component.package,
        "body": json.loads(json.dumps(component.body)),
        **more,
    }


def digest_of(document: Mapping[str, Any]) -> str:
    """A SHA-256 over the definition."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def component_of(kind: str, document: Mapping[str, Any]) -> LogicComponent:
    """The component that a document was made of."""
    return LogicComponent(kind, document["name"], document["body"], package=document["package"])
