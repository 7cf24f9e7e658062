"""Where a case plays: a tenant of its own with the package, its people and its records; names for all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

import chassis_platform.automation.engines  # noqa: F401  they register themselves with the write road
from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.ids import component_id
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.auth.users import create_users
from chassis_platform.operator import NewTenant, make_tenant, operator_context
from chassis_platform.records.read import query
from chassis_platform.records.write import write_records
from chassis_platform.settings import Settings
from chassis_platform.worker.server import WorkerServer
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant

_NAMED = re.compile(r"@([A-Za-z_][A-Za-z0-9_]*)(?:\.([A-Za-z][A-Za-z0-9_.]*))?")
#: The others of a batch say so; what is wrong stands with the record that is.
ROLLED_BACK = "all_or_none_operation_rolled_back"
ROLE_PREFIX, GROUP_PREFIX, RECORD_TYPE_PREFIX = "00E", "00G", "012"


@dataclass(frozen=True)
class Theatre:
    """What all cases of a run share: the database, what is compiled, the package that is played."""

    urls: DatabaseUrls
    database: Database
    snapshots: SnapshotStore
    package: str
    home: Path

    @cached_property
    def policies(self) -> PolicyStore:
        """Who may do what."""
        return PolicyStore(self.database)

    @cached_property
    def worker(self) -> WorkerServer:
        """What job handlers get."""
        return WorkerServer(self.database, self.snapshots, self.policies, Settings(), self.home)


@dataclass(slots=True)
class Stage:
    """One case's tenant. `ids` maps the names of users and records to ids, `objects` to the objects of records."""

    theatre: Theatre
    tenant: Tenant
    ids: dict[str, str] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    usernames: dict[str, str] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)  # of the step
    made: dict[tuple[str, str], str] = field(default_factory=dict)  # by the package: roles and queues

    async def operator(self) -> Context:
        """The operator's context: every right on every object, the rules hold all the same."""
        anybody = next((self.ids[name] for name in self.usernames), None)
        return await operator_context(self.theatre.database, self.tenant, anybody, snapshots=self.theatre.snapshots)

    async def context_of(self, name: str | None) -> Context:
        """The context that a request of a user of the case has now; the operator's without a name."""
        if name is None:
            return await self.operator()
        if name not in self.usernames:
            raise Invalid.of("unknown_user", f"The case has no user {name!r}. It has: {', '.join(self.usernames)}.")
        base = await self.operator()
        user_id = self.ids[name]
        policy = await self.theatre.policies.of(base.tenant, user_id, base.snapshot, base.tenant.access_version)
        language = self.languages.get(name, "en_US")
        zone = base.tenant.time_zone
        principal = Principal(user_id, self.usernames[name], "api", language=language, time_zone=zone)
        return replace(base, principal=principal, policy=policy)

    async def value(self, value: Any) -> Any:
        """A value of the case with its names put in: `@ann`, `@store.SalesManagerId`, `@queue:Desk`."""
        if isinstance(value, str) and "@" in value:
            return await self._text(value)
        if isinstance(value, Mapping):
            return {key: await self.value(each) for key, each in value.items()}
        return [await self.value(each) for each in value] if isinstance(value, list) else value

    async def _text(self, text: str) -> Any:
        for prefix, key in (("@queue:", GROUP_PREFIX), ("@role:", ROLE_PREFIX), ("@type:", RECORD_TYPE_PREFIX)):
            if text.startswith(prefix):
                return await self._made_by_package(key, text.removeprefix(prefix))
        whole = _NAMED.fullmatch(text)
        if whole is not None and whole[1] in self.ids:
            return await self._of_name(whole[1], whole[2])
        for match in list(_NAMED.finditer(text)):
            if match[1] in self.ids and match[2] is None:
                text = text.replace(match[0], self.ids[match[1]])
        return text

    async def _of_name(self, name: str, path: str | None) -> Any:
        if path is None:
            return self.ids[name]
        [row] = await self.rows(f"SELECT {path} FROM {self.objects[name]} WHERE Id = '{self.ids[name]}'")
        return at_path(row, path)

    async def _made_by_package(self, prefix: str, name: str) -> str:
        if prefix == RECORD_TYPE_PREFIX:
            return component_id(prefix, name)
        if (prefix, name) not in self.made:
            self.made[prefix, name] = await self._looked_up(prefix, name)
        return self.made[prefix, name]

    async def _looked_up(self, prefix: str, name: str) -> str:
        table, key = ("Group", "DeveloperName") if prefix == GROUP_PREFIX else ("UserRole", "DeveloperName")
        rows = await self.rows(f"SELECT Id FROM {table} WHERE {key} = '{name}'")
        if not rows:
            raise Invalid.of("unknown_name", f"There is no {table} {name!r}.")
        return str(rows[0]["Id"])

    async def rows(self, soql: str, *, as_user: str | None = None) -> list[dict[str, Any]]:
        """What a query finds with the operator's eyes, or a user's."""
        answer = orjson.loads(await query(self.theatre.database, await self.context_of(as_user), soql))
        found: list[dict[str, Any]] = answer["records"]
        return found


def at_path(row: Mapping[str, Any] | None, path: str) -> Any:
    """The value of `Owner.Name` in a record as the API answers it; None behind an empty reference."""
    value: Any = row
    for step in path.split("."):
        if value is None:
            return None
        value = next((each for name, each in value.items() if name.lower() == step.lower()), None)
    return value


async def set_stage(theatre: Theatre, name: str, given: Mapping[str, Any]) -> Stage:
    """A tenant with the package, and what the case begins with."""
    zone = str(given.get("time_zone", "UTC"))
    tenant = await make_tenant(theatre.snapshots, theatre.urls.owner, NewTenant(name, name, "", time_zone=zone))
    await install(theatre.snapshots, tenant.id, theatre.package, None, actor=OPERATOR, with_dependencies=True)
    stage = Stage(theatre, await _current(theatre.database, tenant))
    await _set_values(stage, given)
    if given.get("users"):
        await _add_users(stage, given["users"])
        await _join(stage, given["users"])
    if given.get("records"):
        await add_records(stage, await stage.operator(), given["records"])
    return stage


async def _current(database: Database, tenant: Tenant) -> Tenant:
    return await tenant_by_id(database, tenant.id) or tenant


async def _set_values(stage: Stage, given: Mapping[str, Any]) -> None:
    own = {("setting_value", name): {"value": value} for name, value in given.get("settings", {}).items()}
    own |= {("switch", name): {"active": False} for name in given.get("off", ())}
    if not own:
        return
    context = await stage.operator()
    async with stage.theatre.database.transaction(context.binding) as transaction:
        for (kind, name), body in own.items():
            await save_component(transaction, stage.theatre.snapshots, ComponentKey(kind, name), body, OPERATOR)


async def _add_users(stage: Stage, users: Mapping[str, Mapping[str, Any]]) -> None:
    people = [(await _document(stage, name, body), body.get("permission_sets", [])) for name, body in users.items()]
    stage.languages |= {name: body.get("language", "en_US") for name, body in users.items()}
    ids = await create_users(stage.theatre.database, await stage.operator(), people)
    stage.ids |= dict(zip(users, ids, strict=True))
    stage.objects |= dict.fromkeys(users, "User")
    stage.usernames |= {name: str(document["username"]) for name, (document, _) in zip(users, people, strict=True)}


async def _document(stage: Stage, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    username = f"{name}@{stage.tenant.name}.example"
    document = {"username": username, "last_name": name, "email": username, "language": body.get("language", "en_US")}
    if body.get("time_zone"):
        document["time_zone"] = body["time_zone"]
    if body.get("role"):
        document["role_id"] = await stage.value(f"@role:{body['role']}")
    return document


async def _join(stage: Stage, users: Mapping[str, Mapping[str, Any]]) -> None:
    """What needs the other users to be there: managers, queues, fields."""
    changes: list[dict[str, Any]] = []
    for name, body in users.items():
        values = {**body.get("fields", {}), **({"ManagerId": f"@{body['manager']}"} if body.get("manager") else {})}
        if values:
            changes.append({"Id": stage.ids[name], **await stage.value(values)})
    members = [
        {"GroupId": await stage.value(f"@queue:{queue}"), "UserOrGroupId": stage.ids[name]}
        for name, body in users.items()
        for queue in body.get("queues", ())
    ]
    context = await stage.operator()
    if changes:
        await _written(stage, context, "User", "update", changes)
    if members:
        await _written(stage, context, "GroupMember", "insert", members)


async def _written(stage: Stage, context: Context, name: str, operation: Any, records: list[Any]) -> list[str]:
    results = await write_records(stage.theatre.database, context, name, operation, records, all_or_none=True)
    problems = [problem for each in results for problem in each.problems if problem.code != ROLLED_BACK]
    if problems:
        raise Invalid(problems)
    stage.warnings += [warning for each in results for warning in each.warnings]
    return [str(each.id) for each in results]


async def add_records(stage: Stage, context: Context, records: Mapping[str, Mapping[str, Any]]) -> None:
    """Make records, those of one object that stand together in one batch, and note their names. Problems are raised."""
    waiting = list(records.items())
    while waiting:
        batch: dict[str, Mapping[str, Any]] = {}
        first = waiting[0][1]["object"]
        while waiting and waiting[0][1]["object"] == first and not _names_of(waiting[0][1]) & batch.keys():
            name, body = waiting.pop(0)
            batch[name] = body
        values = [await _values(stage, each) for each in batch.values()]
        ids = await _written(stage, context, str(first), "insert", values)
        stage.ids |= dict(zip(batch, ids, strict=True))
        stage.objects |= dict.fromkeys(batch, str(first))


def _names_of(body: Mapping[str, Any]) -> set[str]:
    return {match[1] for value in body.values() if isinstance(value, str) for match in _NAMED.finditer(value)}


async def _values(stage: Stage, body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: await stage.value(value) for key, value in body.items() if key != "object"}


def components(context: Context) -> list[LogicComponent]:
    """All active logic of the tenant."""
    return [each for found in context.snapshot.logic.values() for each in found.values()]
