"""Users of a demo tenant, and the doors that programs come through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_metadata.errors import NotFound
from chassis_platform.auth.federation.app_setup import create_app
from chassis_platform.auth.users import create_user
from chassis_platform.demo.expressions import RecordSet
from chassis_platform.demo.plan import Door, Step
from chassis_platform.demo.steps import Tenancy, drafts_of
from chassis_platform.inbound.keys import create_inbound_key
from chassis_platform.operator import find_username, set_passwords
from chassis_tenants.statement import Statement

#: What a user's document may say; the rest of a row is for later steps to look users up by.
_DOCUMENT = ("username", "first_name", "last_name", "title", "email", "language", "time_zone", "user_type")

Person = Mapping[str, Any]


async def run_users_step(tenancy: Tenancy, step: Step, key: str) -> list[dict[str, Any]]:
    """Make the users of a step that are not there yet; answers what to say of those who may sign in."""
    drafts = list(drafts_of(tenancy, step, key))
    roles = await _role_ids(tenancy)
    made: list[dict[str, Any]] = []
    passwords: dict[str, str] = {}
    for draft in drafts:
        user_id = await make_user(tenancy, draft.values, roles)
        made.append({**draft.kept, "Id": user_id})
        if draft.values.get("sign_in", True):
            passwords[user_id] = tenancy.progress.password(draft.values["username"])
        tenancy.report(1)
    tenancy.progress.save()
    await set_passwords(tenancy.database, tenancy.context.tenant.id, passwords)
    tenancy.world.sets[step.name] = RecordSet(made)
    return [
        sign_in_of(draft.values, passwords[each["Id"]])
        for draft, each in zip(drafts, made, strict=True)
        if each["Id"] in passwords
    ]


def sign_in_of(person: Person, password: str) -> dict[str, Any]:
    """A user as demo.json shows it."""
    return {"username": person["username"], "password": password, "persona": person["persona"]}


async def make_user(tenancy: Tenancy, person: Person, roles: Mapping[str, str]) -> str:
    """The user's id; made with permission sets and role where there is none of that name."""
    found = await find_username(tenancy.database, person["username"])
    if found is not None:
        return found[1]
    document = {"email": person["username"], "time_zone": tenancy.plan.time_zone, "language": tenancy.plan.language}
    document |= {name: person[name] for name in _DOCUMENT if person.get(name)}
    if person.get("role"):
        document["role_id"] = _role_id(roles, person["role"])
    return await create_user(tenancy.database, tenancy.context, document, person.get("permission_sets", []))


def _role_id(roles: Mapping[str, str], name: str) -> str:
    if name not in roles:
        raise NotFound.of("unknown_role", f"The plan gives a user the role {name!r}, which there is not.", path="role")
    return roles[name]


async def _role_ids(tenancy: Tenancy) -> dict[str, str]:
    statement = Statement(
        "SELECT developer_name, id FROM tenant.user_role WHERE tenant_id = %(tenant_id)s AND NOT is_deleted",
        {"tenant_id": tenancy.context.tenant.id},
    )
    [rows] = await tenancy.database.read(tenancy.context.binding, statement)
    return dict(rows)


async def open_doors(tenancy: Tenancy) -> dict[str, Any]:
    """An API client and an inbound key. Of both only hashes are stored: those of an interrupted load are of no use."""
    return {
        "client": await _create_client(tenancy, tenancy.plan.client),
        "inbound_key": await create_inbound_key(
            tenancy.database,
            tenancy.context.tenant.id,
            tenancy.plan.inbound.label,
            await _acting_user(tenancy, tenancy.plan.inbound),
        ),
    }


async def _create_client(tenancy: Tenancy, door: Door) -> dict[str, str | None]:
    user_id = await _acting_user(tenancy, door)
    grants = ["password", "client_credentials"]
    wanted = {"label": door.label, "run_as_user_id": user_id, "grants": grants, "scopes": ["full"]}
    made = await create_app(tenancy.database, tenancy.context, wanted)
    return {"id": made.client_id, "secret": made.secret}


async def _acting_user(tenancy: Tenancy, door: Door) -> str:
    found = await find_username(tenancy.database, door.run_as)
    if found is None:
        raise NotFound.of("unknown_user", f"{door.label} runs as {door.run_as!r}, whom the plan does not make.")
    return found[1]
