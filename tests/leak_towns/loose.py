"""Protections taken away: a policy that allows everything, statements that forget the tenant or mean another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from chassis_platform.access.context import Context
from chassis_platform.access.policy import AccessPolicy, Grants, ObjectAccess
from chassis_tenants.database import Row
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from chassis_tenants.wire import Wire

#: Every way in which a statement says whose rows it means.
_OF_TENANT = re.compile(r'[\w."]*\btenant_id = (?:%\(tenant(?:_id)?\)s(?:::\w+)?|[\w."]+\.tenant_id)')
#: The registry's own row is asked for before anything else; it belongs to no tenant.
_REGISTRY = "FROM chassis.tenant t"


def allowed_everything(context: Context) -> Context:
    """The same person without any policy: all objects, fields and records, nothing masked."""
    objects = {
        name: ObjectAccess(
            create=True,
            read=True,
            update=True,
            delete=True,
            view_all=True,
            modify_all=True,
            readable=frozenset(obj.fields),
            editable=frozenset(obj.fields),
        )
        for name, obj in context.snapshot.objects.items()
    }
    grants = Grants(f"everything {context.tenant.id}", objects, context.policy.grants.system)
    return replace(context, policy=AccessPolicy(context.policy.user_id, grants))


@dataclass
class Changed:
    """How many statements were sent, and how many of them other than the platform wrote them."""

    sent: int = 0
    changed: int = 0
    left: list[str] = field(default_factory=list)


@contextmanager
def _sending(monkeypatch: pytest.MonkeyPatch, change: Callable[[Statement], Statement]) -> Iterator[Changed]:
    send, seen = Wire.send, Changed()

    async def sent(self: Wire, statements: Sequence[Statement]) -> list[list[Row]]:
        changed = [each if _REGISTRY in each.text else change(each) for each in statements]
        seen.sent += len(statements)
        seen.changed += sum(one != other for one, other in zip(changed, statements, strict=True))
        seen.left += [each.text for each in changed if _REGISTRY not in each.text and _OF_TENANT.search(each.text)]
        return await send(self, changed)

    with monkeypatch.context() as patched:
        patched.setattr(Wire, "send", sent)
        yield seen


def without_tenants(monkeypatch: pytest.MonkeyPatch) -> Any:
    """No statement says whose rows it means."""
    return _sending(monkeypatch, lambda each: replace(each, text=_OF_TENANT.sub("true", each.text)))


def meaning(monkeypatch: pytest.MonkeyPatch, tenant: Tenant) -> Any:
    """Every statement means another tenant than the one that its transaction is bound to."""

    def confused(each: Statement) -> Statement:
        named = {name: tenant.id for name in ("tenant_id", "tenant") if name in each.parameters}
        return each.bind(**named) if named else each

    return _sending(monkeypatch, confused)
