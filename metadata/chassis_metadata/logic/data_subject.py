"""Data subjects: which objects hold data about a person, how they hang together, and what an erasure does to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.snapshot import Field, Object, Snapshot

KIND = "data_subject"
#: A text of this length or less, compared exactly, may hold the Id of any record.
ID_LENGTH = 18


class Erasure(StrEnum):
    """What an erasure does to the records of an object."""

    ANONYMISE = "anonymise"
    DELETE = "delete"
    KEEP = "keep"


class Treatment(StrEnum):
    """What an erasure leaves of a value."""

    BLANK = "blank"
    TOKEN = "token"  # noqa: S105  no secret
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Hold:
    """While the criteria hold for a record, only `fields` of it are anonymised: the reason says why."""

    criteria: str
    reason: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """What an object holds about a person: `through` are fields with the Ids of the person's other records."""

    object_name: str
    root: bool = False
    identified_by: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    erasure: Erasure = Erasure.ANONYMISE
    fields: Mapping[str, Treatment] = field(default_factory=dict)
    hold: Hold | None = None
    reason: str | None = None
    until: str | None = None
    leads_on: bool = True

    def joined(self, other: Holding, *, erasure: Erasure) -> Holding:
        """What both declarations say."""
        return replace(
            self,
            root=self.root or other.root,
            identified_by=tuple(dict.fromkeys((*self.identified_by, *other.identified_by))),
            through=tuple(dict.fromkeys((*self.through, *other.through))),
            erasure=erasure,
            fields={**self.fields, **other.fields},
            hold=other.hold or self.hold,
            reason=other.reason or self.reason,
            until=other.until or self.until,
            leads_on=self.leads_on and other.leads_on,
        )


@dataclass(frozen=True, slots=True)
class SubjectMap:
    """All declarations in force, as one. Each of the `levels` can be asked about when those before it were."""

    holdings: Mapping[str, Holding]
    excluded: Mapping[str, str]
    levels: tuple[tuple[str, ...], ...]

    @property
    def roots(self) -> list[str]:
        """The objects whose records are a person."""
        return [name for name, each in self.holdings.items() if each.root]


def subject_map(snapshot: Snapshot) -> SubjectMap:
    """What packages and the tenant declare, joined: whoever adds fields to an object adds to its holding."""

    def make() -> SubjectMap:
        holdings: dict[str, Holding] = {}
        excluded: dict[str, str] = {}
        for component in snapshot.logic_of(KIND).values():  # those of the package below come first
            excluded |= component.body.get("excluded", {})
            for name, body in component.body.get("objects", {}).items():
                if name in snapshot.objects:
                    _join(holdings, name, body)
        return SubjectMap(holdings, excluded, _levels(snapshot, holdings))

    return snapshot.keep(KIND, make)


def _join(holdings: dict[str, Holding], name: str, body: Mapping[str, Any]) -> None:
    read, before = read_holding(name, body), holdings.get(name)
    if before is None:
        holdings[name] = read
    else:
        holdings[name] = before.joined(read, erasure=read.erasure if "erasure" in body else before.erasure)


def read_subject(component: LogicComponent) -> list[Holding]:
    """The holdings that one component declares."""
    return [read_holding(name, body) for name, body in component.body.get("objects", {}).items()]


def read_holding(name: str, body: Mapping[str, Any]) -> Holding:
    """A body as a holding."""
    hold = body.get("keep_while")
    return Holding(
        object_name=name,
        root=body.get("root", False),
        identified_by=tuple(body.get("identified_by", ())),
        through=tuple(body.get("through", ())),
        erasure=Erasure(body.get("erasure", Erasure.ANONYMISE)),
        fields={each: Treatment(how) for each, how in body.get("fields", {}).items()},
        hold=hold and Hold(hold["criteria"], hold["reason"], tuple(hold.get("fields", ()))),
        reason=body.get("reason"),
        until=body.get("until"),
        leads_on=body.get("leads_on", True),
    )


def holds_any_id(each: Field) -> bool:
    """Whether a text field may hold the Id of any record, as engines keep it."""
    return each.type == "text" and each.case_sensitive and each.length == ID_LENGTH


def targets_of(each: Field, holdings: Iterable[str]) -> list[str]:
    """The declared objects whose Ids the field may hold."""
    return [name for name in holdings if holds_any_id(each) or name in each.references]


def _levels(snapshot: Snapshot, holdings: Mapping[str, Holding]) -> tuple[tuple[str, ...], ...]:
    level: dict[str, int] = {}
    for name in sorted(holdings, key=lambda each: not holdings[each].root):
        _place(snapshot, holdings, name, level, frozenset())
    highest = max(level.values(), default=-1)
    return tuple(tuple(name for name in level if level[name] == each) for each in range(highest + 1))


def _place(
    snapshot: Snapshot, holdings: Mapping[str, Holding], name: str, level: dict[str, int], below: frozenset[str]
) -> int:
    """An object's level is above all that it refers to; what refers back to it on the way does not count."""
    if name in level:
        return level[name]
    fields = snapshot.objects[name].fields
    targets = {
        target for each in holdings[name].through if each in fields for target in targets_of(fields[each], holdings)
    }
    under = [_place(snapshot, holdings, each, level, below | {name}) for each in sorted(targets - below - {name})]
    found = max(under, default=-1) + 1
    level[name] = found
    return found


def treated_fields(obj: Object, names: Iterable[str]) -> list[str]:
    """The stored fields behind names: of an address or a place its parts."""
    found: list[str] = []
    for name in names:
        each = obj.fields.get(name)
        if each is not None:
            found += each.components if each.is_compound else (name,)
    return list(dict.fromkeys(found))
