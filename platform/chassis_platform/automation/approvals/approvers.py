"""From "the branch's sales manager, else the regional manager" to the users and queues that are asked.

Three round trips for any number of records: the values that lead to people were read with the step's criteria, then
names, trees and memberships are looked up, then who is active and who stands above whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.approval import Approver
from chassis_metadata.logic.approval_formulas import reference_at, reference_formula, request_formula
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.evaluate import Answer
from chassis_platform.automation.approvals.people import QUEUE, USER, People, find_people
from chassis_platform.automation.approvals.running import Running
from chassis_platform.automation.approvals.search import QUEUES_BY_NAME, USERS_BY_NAME, users_like, walk_up
from chassis_platform.automation.keeping import common
from chassis_platform.sql.rows import folded
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement

Key = tuple[str, ...]


@dataclass(slots=True, eq=False)
class Ask:
    """Somebody is looked for. `found` are the users and queues, none where nobody can be asked."""

    running: Running
    obj: Object
    approvers: Sequence[Approver]
    answer: Answer
    fallback: Sequence[Approver] = ()
    found: tuple[str, ...] = ()


def every(approvers: Iterable[Approver]) -> Iterator[Approver]:
    """The approvers with all that are tried in their place."""
    for each in approvers:
        yield each
        yield from every(each.otherwise)


def expressions_of(snapshot: Snapshot, obj: Object, approvers: Iterable[Approver]) -> Iterator[Expression]:
    """What has to be known of a record to find them."""
    for each in every(approvers):
        for path in (each.of, each.start, None if each.start else each.field):
            if path is not None:
                yield reference_formula(snapshot, obj, path)
        if each.formula is not None:
            yield request_formula(snapshot, obj, each.formula, Kind.ID)
        yield from _matched(snapshot, obj, each)


def _matched(snapshot: Snapshot, obj: Object, each: Approver) -> list[Expression]:
    return [request_formula(snapshot, obj, path) for _, path in each.match]


async def find_approvers(transaction: Transaction, context: Context, asks: Sequence[Ask]) -> People:
    """Fill in whom each asks; answers the people that were met on the way."""
    lookup = _Lookup(context)
    for ask in asks:
        for each in every([*ask.approvers, *ask.fallback]):
            lookup.want(ask, each)
    await lookup.run(transaction)
    named = {person for ask in asks for person in lookup.all_of(ask)}
    people = await find_people(transaction, context, named)
    for ask in asks:
        ask.found = _choose(lookup, people, ask, ask.approvers) or _choose(lookup, people, ask, ask.fallback)
    return people


def _choose(lookup: _Lookup, people: People, ask: Ask, approvers: Sequence[Approver]) -> tuple[str, ...]:
    found = (person for each in approvers for person in _first_found(lookup, people, ask, each))
    return tuple(dict.fromkeys(found))


def _first_found(lookup: _Lookup, people: People, ask: Ask, each: Approver) -> Sequence[str]:
    """What the approver leads to, or the first of those in its place that leads to anybody."""
    free = _free(people, ask.running.submitter_id, lookup.candidates(ask, each, people), is_search=each.is_search)
    for other in each.otherwise if not free else ():
        free = _first_found(lookup, people, ask, other)
        if free:
            break
    return free


def _free(people: People, submitter_id: str, candidates: Sequence[str], *, is_search: bool) -> Sequence[str]:
    """Nobody decides an own request and who is gone decides nothing: the next one above does.

    Of several that were looked for, the others are enough.
    """
    if is_search:
        free = [each for each in candidates if people.is_free(each, submitter_id)]
        if free:
            return free
    above = (people.free_from(each, submitter_id) for each in candidates)
    return [each for each in above if each is not None]


@dataclass(slots=True)
class _Lookup:
    """What has to be looked up for a set of asks, and the answers."""

    context: Context
    names: dict[str, set[str]] = field(default_factory=dict)  # user | queue
    keys: dict[tuple[str, Approver], dict[Key, int]] = field(default_factory=dict)  # by object
    by_name: dict[tuple[str, str], str] = field(default_factory=dict)
    by_key: dict[tuple[str, Approver, Key], tuple[str, ...]] = field(default_factory=dict)

    def want(self, ask: Ask, each: Approver) -> None:
        """Note what one approver of one record needs."""
        name = _named(each)
        if name is not None:
            self.names.setdefault(name[0], set()).add(name[1])
        key = self._key(ask, each)
        if key is not None:
            places = self.keys.setdefault((ask.obj.name, each), {})
            places.setdefault(key, len(places))

    def _key(self, ask: Ask, each: Approver) -> Key | None:
        """The values by which it is looked up; None where nothing is, or a value is blank."""
        snapshot = self.context.snapshot
        if each.start is not None:
            start = ask.answer.value(reference_formula(snapshot, ask.obj, each.start))
            return (start,) if start else None
        if not each.is_search:
            return None
        values = [_text(ask.answer.value(one)) for one in _matched(snapshot, ask.obj, each)]
        return None if None in values else tuple(str(one) for one in values)

    async def run(self, transaction: Transaction) -> None:
        """Ask all of it in one round trip."""
        statements: list[Statement] = []
        takes: list[Any] = []
        for kind, names in self.names.items():
            statements.append(_BY_NAME[kind].bind(tenant_id=self.context.tenant.id, names=sorted(names)))
            takes.append(lambda rows: self.by_name.update({(kind, name): found for kind, name, found in rows}))
        for (object_name, each), places in self.keys.items():
            statements += self._statements(object_name, each, places)
            takes += [self._taker(object_name, each, places)] * (len(statements) - len(takes))
        for take, rows in zip(takes, await transaction.fetch_each(statements) if statements else [], strict=True):
            take(rows)

    def _statements(self, object_name: str, each: Approver, places: Mapping[Key, int]) -> Iterator[Statement]:
        snapshot = self.context.snapshot
        obj = snapshot.objects[object_name]
        rows = [{"place": place, **{f"k{n}": one for n, one in enumerate(key)}} for key, place in places.items()]
        parameters = {**common(self.context), "rows": folded(rows)}
        if each.start is not None:
            for name in reference_at(snapshot, obj, each.start).references:
                target = snapshot.objects[name]
                walk = snapshot.keep(("walk", each, name), partial(walk_up, snapshot, each, target))
                yield walk.bind(**parameters)
            return
        tree = self._tree(obj, each)
        like = snapshot.keep(("users", each, tree and tree.name), lambda: users_like(snapshot, each, tree))
        yield like.bind(**parameters)

    def _tree(self, obj: Object, each: Approver) -> Object | None:
        if each.up is None:
            return None
        field_at_end = reference_at(self.context.snapshot, obj, each.match[0][1])
        return self.context.snapshot.objects[field_at_end.references[0]]

    def _taker(self, object_name: str, each: Approver, places: Mapping[Key, int]) -> Any:
        by_place = {place: key for key, place in places.items()}

        def take(rows: Sequence[Row]) -> None:
            if each.start is not None:
                for place, person in rows:
                    self.by_key[object_name, each, by_place[place]] = (person,)
                return
            for place, _, ids in sorted(rows, key=lambda row: (row[0], -row[1])):  # the nearest is taken last
                self.by_key[object_name, each, by_place[place]] = tuple(sorted(ids))

        return take

    def all_of(self, ask: Ask) -> Iterator[str]:
        """Everybody that an ask may come to, and whose managers it may."""
        yield ask.running.submitter_id
        for each in every([*ask.approvers, *ask.fallback]):
            yield from self._direct(ask, each)
            if each.manager is not None and each.of is not None:
                yield from self._value(ask, each.of)

    def candidates(self, ask: Ask, each: Approver, people: People) -> Sequence[str]:
        """Users and queues as the approver says, whether they can be asked or not."""
        if each.manager is None:
            return list(self._direct(ask, each))
        base = next(self._value(ask, each.of), None) if each.of is not None else ask.running.submitter_id
        manager = people.above(base, each.manager)
        return [manager] if manager is not None else []

    def _direct(self, ask: Ask, each: Approver) -> Iterator[str]:
        name = _named(each)
        if name is not None:
            yield from (self.by_name[name],) if name in self.by_name else ()
        elif each.start is not None or each.is_search:
            key = self._key(ask, each)
            yield from self.by_key.get((ask.obj.name, each, key), ()) if key is not None else ()
        elif each.field is not None:
            yield from self._value(ask, each.field)
        elif each.formula is not None:
            expression = request_formula(self.context.snapshot, ask.obj, each.formula, Kind.ID)
            yield from _people_only(ask.answer.value(expression))
        elif each.chosen:
            yield from (one for each_id in ask.running.next_approvers for one in _people_only(each_id))

    def _value(self, ask: Ask, path: str) -> Iterator[str]:
        yield from _people_only(ask.answer.value(reference_formula(self.context.snapshot, ask.obj, path)))


_BY_NAME = {"user": USERS_BY_NAME, "queue": QUEUES_BY_NAME}


def _named(each: Approver) -> tuple[str, str] | None:
    if each.user is not None:
        return "user", each.user.lower()
    return None if each.queue is None else ("queue", each.queue)


def _people_only(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith((USER, QUEUE)):
        yield value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
