"""What the names of a formula mean: fields, paths over parents, globals, free variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.expressions.typed import (
    Expression,
    FieldValue,
    Global,
    Inlined,
    Operation,
    RecordTypeValue,
    Source,
    Step,
    Typed,
    Variable,
)
from chassis_metadata.snapshot import Field, Object, Snapshot

LONGEST_PATH = 5

_ORGANIZATION: dict[str, Kind] = {
    "id": Kind.ID,
    "name": Kind.TEXT,
    "timezone": Kind.TEXT,
    "language": Kind.TEXT,
    "country": Kind.TEXT,
    "currency": Kind.TEXT,
}
_SETTING_KINDS: dict[str, Kind] = {
    "number": Kind.NUMBER,
    "currency": Kind.NUMBER,
    "percent": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "checkbox": Kind.BOOLEAN,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
    "time": Kind.TIME,
}


class Unknown(Exception):
    """A name means nothing here; the message says what would. What sounds like `name` is sought when it is told."""

    def __init__(self, message: str, name: str = "", known: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.name, self.known = name, known

    def __str__(self) -> str:
        return f"{self.args[0]}{near(self.name, self.known) if self.name else ''}"


@dataclass(frozen=True)
class Scope:
    """`obj` is the row at hand; `this` the record being saved, where that is another row.

    `has_prior` allows PRIORVALUE, ISCHANGED, ISNEW and `$Old.X`. `formulas` are variables that are formulas.
    """

    snapshot: Snapshot | None = None
    obj: Object | None = None
    variables: Mapping[str, Kind] = field(default_factory=dict)
    has_prior: bool = False
    this: Object | None = None
    formulas: Mapping[str, Expression] = field(default_factory=dict)
    calling: tuple[str, ...] = ()
    is_criteria: bool = False  # inside EXISTS and its like
    asks_presence: bool = False  # whether there is a value, or another one than before: not which

    def over(self, obj: Object) -> Scope:
        """The scope of criteria over another object's rows."""
        return replace(self, obj=obj, this=self.this or self.obj, is_criteria=True)

    def resolve(self, parts: tuple[str, ...]) -> Typed:
        """What a name means. Raises Unknown."""
        if self.obj is None and _found((*self.variables, *self.formulas), ".".join(parts)) is not None:
            return self._variable(parts)
        if parts[0].startswith("$"):
            return self._global(parts)
        if self.obj is not None:
            try:
                return self._field(self.obj, parts, Source.ROW)
            except Unknown:
                if len(parts) > 1 or _found(self.variables, parts[0]) is None:
                    raise
        return self._variable(parts)

    def _variable(self, parts: tuple[str, ...]) -> Typed:
        name = ".".join(parts)
        inlined = _found(self.formulas, name)
        if inlined is not None:
            return Inlined(self.formulas[inlined].kind, self.formulas[inlined])
        variable = _found(self.variables, name)
        if variable is None:
            raise Unknown(f"There is no {name!r}.{near(name, self.variables)}")
        return Variable(self.variables[variable], variable)

    def _global(self, parts: tuple[str, ...]) -> Typed:  # noqa: PLR0911  one answer a group
        group = parts[0][1:].lower()
        rest = parts[1:]
        if not rest:
            raise Unknown(f"{parts[0]} needs a name behind it, such as {parts[0]}.Id.")
        match group:
            case "this" | "record":
                return self._of_this(rest, Source.THIS)
            case "old" | "record__prior":
                return self._of_this(rest, Source.PRIOR)
            case "user":
                return self._user(rest)
            case "recordtype":
                return self._of_this(("RecordType", *rest), Source.THIS)
            case "permission":
                return Global(Kind.BOOLEAN, "Permission", self._permission(rest[0]))
            case "setting":
                return self._setting(rest[0])
            case "organization" | "system":
                return _organization(group, rest[0])
            case _:
                return self._variable(parts)

    def _of_this(self, parts: tuple[str, ...], source: Source) -> Typed:
        obj = self.this or self.obj
        if obj is None:
            raise Unknown("There is no record here.")
        if source is Source.PRIOR and not self.has_prior:
            raise Unknown("There is nothing before a change here: $Old has no meaning.")
        same = self.this is None and not self.is_criteria and source is Source.THIS
        return self._field(obj, parts, Source.ROW if same else source)

    def _user(self, parts: tuple[str, ...]) -> Typed:
        if [part.lower() for part in parts] == ["id"]:
            return Global(Kind.ID, "User", "Id")
        user = self.snapshot.object("User") if self.snapshot else None
        if user is None:
            raise Unknown("There are no users here.")
        return self._field(user, parts, Source.USER)

    def _permission(self, name: str) -> str:
        known: Iterable[str] | None = getattr(self.snapshot, "custom_permissions", None)
        if known is None:
            return name
        found = _found(known, name)
        if found is None:
            raise Unknown(f"There is no custom permission {name!r}.{near(name, known)}")
        return found

    def _setting(self, name: str) -> Typed:
        settings: Mapping[str, Any] = getattr(self.snapshot, "settings", None) or {}
        found = _found(settings, name)
        if found is None:
            raise Unknown(f"There is no setting {name!r}.{near(name, settings)}")
        if settings[found].is_secret:
            raise Unknown(f"The setting {found} is a secret, which no formula sees. Name a setting of another type.")
        return Global(_SETTING_KINDS.get(str(settings[found].type), Kind.TEXT), "Setting", found)

    # Fields and paths

    def _field(self, obj: Object, parts: tuple[str, ...], source: Source) -> Typed:
        own = len(parts) > 1 and parts[0].lower() == obj.name.lower() and relation(obj, parts[0]) is None
        parts = parts[1:] if own else parts
        if len(parts) - 1 > LONGEST_PATH:
            raise Unknown(f"{'.'.join(parts)} crosses {len(parts) - 1} relationships; {LONGEST_PATH} are allowed.")
        found = list(self._reached(obj, parts, (), source, obj.name))
        return found[0] if len(found) == 1 else Operation(found[0].kind, "FIRST", tuple(found))

    def _reached(
        self, obj: Object, parts: tuple[str, ...], steps: tuple[Step, ...], source: Source, root: str
    ) -> Iterable[Typed]:
        head, *rest = parts
        if [part.lower() for part in parts[:-1]] == ["recordtype"]:
            return [_record_type(obj, rest[0], steps, source, root)]
        if not rest:
            each = own_field(obj, head)
            if each.encrypted and (source is Source.PRIOR or not self.asks_presence):
                message = (
                    f"{obj.name}.{each.name} is encrypted: a formula may ask ISBLANK and ISCHANGED of it, no more."
                )
                raise Unknown(message)
            return [FieldValue(kind_of(each), source, obj.name, each.name, steps, root)]
        name, _, only = head.partition(":")
        reference = relation(obj, name)
        if reference is None:
            known = [one.relationship_name for one in obj.fields.values() if one.relationship_name]
            raise Unknown(f"{obj.name} has no relationship {name!r}.{near(name, known)}")
        return self._followed(reference, only, tuple(rest), steps, source, root)

    def _followed(
        self, reference: Field, only: str, rest: tuple[str, ...], steps: tuple[Step, ...], source: Source, root: str
    ) -> Iterable[Typed]:
        found: list[Typed] = []
        problem: Unknown | None = None
        for target in reference.references:
            parent = self.snapshot.objects.get(target) if self.snapshot else None
            if parent is None or (only and only.lower() != target.lower()):
                continue
            try:
                found += self._reached(parent, rest, (*steps, Step(reference.name, target)), source, root)
            except Unknown as unknown:
                problem = problem or unknown
        if not found:
            raise problem or Unknown(f"{reference.name} does not lead to {only or 'an object'!r}.")
        return found


def own_field(obj: Object, name: str) -> Field:
    """The object's field of that name, in any case and with or without the ending __c. Raises Unknown."""
    lower = name.lower()
    fields = obj.fields_by_lower_name
    found = fields.get(lower) or fields.get(f"{lower}__c") or fields.get(lower.removesuffix("__c"))
    if found is None:
        if relation(obj, name):
            hint = f"Write {name}.Name for the name of the record it leads to."
            raise Unknown(f"{obj.name} has no field {name!r}. {hint}")
        raise Unknown(f"{obj.name} has no field {name!r}.", name, obj.fields)
    return found


def relation(obj: Object, name: str) -> Field | None:
    """The reference field behind a relationship's name, with or without its ending __r."""
    known = obj.fields_by_relationship
    lower = name.lower()
    return known.get(lower) or known.get(f"{lower}__r") or known.get(lower.removesuffix("__r"))


def near(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'X'?`, where something sounds alike."""
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[found[0]]!r}?" if found else ""


def _found(known: Iterable[str], name: str) -> str | None:
    lower = name.lower()
    by_lower = {each.lower(): each for each in known}
    return by_lower.get(lower) or by_lower.get(f"{lower}__c") or by_lower.get(lower.removesuffix("__c"))


def _organization(group: str, name: str) -> Typed:
    if group == "system":
        if name.lower() != "origindatetime":
            raise Unknown(f"There is no $System.{name}. Did you mean '$System.OriginDateTime'?")
        return Global(Kind.DATETIME, "System", "OriginDateTime")
    kind = _ORGANIZATION.get(name.lower())
    if kind is None:
        raise Unknown(f"There is no $Organization.{name}.{near(name, _ORGANIZATION)}")
    return Global(kind, "Organization", name.lower())


def _record_type(obj: Object, part: str, steps: tuple[Step, ...], source: Source, root: str) -> Typed:
    parts = {"developername": "DeveloperName", "name": "Name", "id": "Id"}
    if part.lower() not in parts:
        raise Unknown(f"A record type has no {part!r}. Did you mean 'DeveloperName'?")
    if "RecordTypeId" not in obj.fields:
        raise Unknown(f"{obj.name} has no record types.")
    identity = FieldValue(Kind.ID, source, obj.name, "RecordTypeId", steps, root)
    return identity if part.lower() == "id" else RecordTypeValue(Kind.TEXT, identity, parts[part.lower()])
