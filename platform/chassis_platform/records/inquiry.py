"""What a write must know before it is carried out, asked in one round trip: old rows, references, keys, usernames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.plan.changes import Change
from chassis_platform.plan.forms import match_key
from chassis_platform.plan.object_logic import loaded_for_triggers
from chassis_platform.plan.rules import NAME, fields_beside
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.locks import Lock, ask_for_locks, locks_in
from chassis_platform.records.master_locks import masters_that_lock
from chassis_platform.sql.check import (
    ID,
    USERNAMES,
    key_of,
    load_records,
    records_with_key,
    referred_records,
)
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement

PLATFORM = "platform"
_NOT_A_RECORD = frozenset({"RecordTypeId"})  # checked against the snapshot

Take = Callable[[list[Row]], None]

#: Plans are kept as long as a connection. Those made while a table was almost empty take any index for good, and read
#: all of it: so large sets, which fill tables, are planned anew. That costs a thousandth of what they cost themselves.
LARGE_SET = 500
PLAN_ANEW = Statement("DISCARD PLANS")
#: What a table of four pages costs to be read is estimated at less than a look into its index. For one record that is
#: as good; a foreign key asks again for each of a thousand, and reads all of a small parent table each time.
BY_INDEX = Statement("SET LOCAL enable_seqscan = off")

#: Who holds a record longer than this makes a write fail; it is tried a few times.
LOCK_TIMEOUT = Statement("SET LOCAL lock_timeout = '3s'")


@dataclass(frozen=True, slots=True)
class Holder:
    """A record found by its key."""

    id: str
    is_visible: bool
    is_writable: bool


@dataclass(slots=True)
class Knowledge:
    """The answers. `names` are the fields whose values `stored` rows hold, in order."""

    names: tuple[str, ...] = ()
    stored: dict[str, Row] = field(default_factory=dict)
    referred: dict[str, bool] = field(default_factory=dict)  # id -> may the user also change it
    holders: dict[tuple[str, str, Any], list[Holder]] = field(default_factory=dict)  # by object, field, key
    usernames: dict[str, tuple[int, str]] = field(default_factory=dict)
    trusted: set[str] = field(default_factory=set)  # ids that formulas answered, and that are there
    locks: dict[str, Lock] = field(default_factory=dict)


def everywhere(plan: WritePlan) -> dict[str, Any]:
    """The parameters that are the same for all statements of a write."""
    context = plan.context
    tenant_id = context.tenant.id
    same = {"tenant": tenant_id, "tenant_id": tenant_id, "stamp": plan.now, "actor": context.principal.user_id}
    return same | asking(context, plan.now)


def reference_fields(obj: Object) -> tuple[Field, ...]:
    """The references that lead to records."""
    return _chosen(obj, "_references", lambda each: each.is_reference and each.name not in _NOT_A_RECORD)


def unique_fields(obj: Object) -> tuple[Field, ...]:
    """The fields of which no two records may have the same value."""
    return _chosen(obj, "_uniques", lambda each: each.unique and not each.is_compound)


def _chosen(obj: Object, key: str, is_wanted: Callable[[Field], bool]) -> tuple[Field, ...]:
    """Asked for with every record, so it is kept beside the Object value."""
    fields: tuple[Field, ...] | None = obj.__dict__.get(key)
    if fields is None:
        fields = obj.__dict__[key] = tuple(filter(is_wanted, obj.fields.values()))
    return fields


class Inquiry:
    """Questions gathered first, then asked together."""

    def __init__(self, plan: WritePlan, known: Knowledge | None = None) -> None:
        self._plan = plan
        self._common = everywhere(plan)
        self._questions: list[tuple[Statement, Take]] = []
        self.known = known or Knowledge()

    def plan_large_sets_anew(self) -> None:
        """Have a large set answered, and written, by plans for the tables as they are."""
        if len(self._plan.changes) >= LARGE_SET:
            self._ask(PLAN_ANEW, _forget)
            self._ask(BY_INDEX, _forget)

    async def answers(self, transaction: Transaction) -> Knowledge:
        """Everything that was asked, in one round trip; nothing is sent where nothing was asked."""
        questions, self._questions = self._questions, []  # they hold this, which holds the plan: no circle is left
        if questions:
            answered = await transaction.fetch_each([statement for statement, _ in questions])
            for (_, take), rows in zip(questions, answered, strict=True):
                take(rows)
        return self.known

    def _ask(self, statement: Statement, take: Take, **parameters: Any) -> None:
        self._questions.append((statement.bind(**self._common, **parameters), take))

    def ask_for_stored(self, names: Iterable[str]) -> None:
        """Lock the records that are to be changed and load them."""
        ids = sorted(change.id for change in self._plan.existing if change.id is not None)
        if not ids:
            return
        obj, context = self._plan.obj, self._plan.context
        self.known.names = tuple(sorted(set(names)))
        self._ask(LOCK_TIMEOUT, _forget)
        self._ask(lock_records(obj), _forget, ids=ids)
        self._ask(load_records(obj, self.known.names, context), self._take_stored, ids=ids)
        locks = ask_for_locks(self._plan, ids)
        if locks is not None:
            self._ask(locks, self._take_locks)

    def _take_stored(self, rows: list[Row]) -> None:
        self.known.stored = {row[ID]: row for row in rows}

    def _take_locks(self, rows: list[Row]) -> None:
        self.known.locks = locks_in(rows)

    def ask_for_references(self) -> None:
        """Which of the records that are referred to, by id or by key, may be referred to."""
        changes = [change for change in self._plan.changes if not change.problems]
        for name, ids in _ids_by_object(self._plan, changes).items():
            target = self._plan.context.snapshot.objects[name]
            self._ask(referred_records(target, self._plan.context), self._take_referred, ids=sorted(ids))
        for reference in {id(each): each for change in changes for each in change.keyed}.values():
            for target, key_field, key in reference.targets:
                self.known.holders.setdefault((target.name, key_field.name, key), [])
        self._ask_for_holders()

    def _take_referred(self, rows: list[Row]) -> None:
        self.known.referred.update(dict(rows))

    def _ask_for_holders(self) -> None:
        keys: dict[tuple[str, str], list[Any]] = {}
        for object_name, field_name, key in self.known.holders:
            keys.setdefault((object_name, field_name), []).append(key)
        for (object_name, field_name), wanted in keys.items():
            self.ask_for_keys(self._plan.context.snapshot.objects[object_name], field_name, wanted)

    def ask_for_keys(self, target: Object, field_name: str, keys: Sequence[Any]) -> None:
        """Which records have one of these values of a field."""

        def take(rows: list[Row]) -> None:
            for record_id, answered, is_visible, is_writable in rows:
                holder = Holder(record_id, is_visible, is_writable)
                key = target.name, field_name, key_of(target.fields[field_name], answered)
                self.known.holders.setdefault(key, []).append(holder)

        statement = records_with_key(target, target.fields[field_name], self._plan.context)
        self._ask(statement, take, keys=list(keys))

    def ask_for_holders_of_unique_values(self) -> None:
        """Who has the values already that may be there once only."""
        for each in unique_fields(self._plan.obj):
            values = [change.values.get(each.name) for change in self._plan.changes if not change.problems]
            keys = {match_key(each, value) for value in values if value is not None}
            if keys:
                self.ask_for_keys(self._plan.obj, each.name, sorted(keys))

    def ask_for_usernames(self) -> None:
        """Who signs in with the usernames of users that are written, in any tenant."""
        obj = self._plan.obj
        if obj.name != "User" or obj.package != PLATFORM:
            return
        sent = [change.values.get("Username") for change in self._plan.changes if not change.problems]
        usernames = sorted({name.lower() for name in sent if name is not None})
        if usernames:
            self._ask(USERNAMES, self._take_usernames, usernames=usernames)

    def _take_usernames(self, rows: list[Row]) -> None:
        self.known.usernames = {username: (tenant_id, user_id) for username, tenant_id, user_id in rows}


def _forget(_: list[Row]) -> None:
    """Rows that were locked: that is all that was wanted."""


def _ids_by_object(plan: WritePlan, changes: Sequence[Change]) -> dict[str, set[str]]:
    """Ids referred to, by object. The user's own id needs no question, unless as somebody else's manager."""
    fields = [each.name for each in reference_fields(plan.obj)]
    prefixes = plan.context.snapshot.objects_by_prefix
    found: dict[str, set[str]] = {}
    for change in changes:
        for name in fields:
            value = change.values.get(name)
            if value is not None:
                found.setdefault(prefixes[value[:3]].name, set()).add(value)
    own = {plan.context.principal.user_id}
    return {name: ids - own for name, ids in found.items() if ids - own}


def names_to_load(plan: WritePlan) -> set[str]:
    """The fields whose stored values a change of existing records needs."""
    sent = {name for change in plan.existing for name in change.values}
    sent |= {reference.field.name for change in plan.existing for reference in change.keyed}
    if sent or plan.existing:
        logic = plan.logic
        sent |= {*logic.computed, *logic.read_before, *logic.old_needed, *loaded_for_triggers(logic)}
        sent |= {each.name for each in masters_that_lock(plan)}
    return fields_beside(plan.obj, sent | ({NAME} if plan.obj.package == PLATFORM else set()))


async def find_by_key(
    ask: Callable[[Statement], Any], context: Context, obj: Object, key: Field, keys: Sequence[Any]
) -> dict[Any, list[str]]:
    """Ids of the records that the user sees by the value of `key`, for an upsert."""
    wanted = sorted({each for each in keys if each is not None})
    if not wanted or key.name == "Id":
        return {}
    tenant = {"tenant": context.tenant.id, "tenant_id": context.tenant.id}
    statement = records_with_key(obj, key, context).bind(**tenant, **asking(context), keys=wanted)
    found: dict[Any, list[str]] = {}
    for record_id, value, is_visible, _ in await ask(statement):
        if is_visible:
            found.setdefault(key_of(key, value), []).append(record_id)
    return found
