"""Where a person's own values stand in texts that somebody typed: fields of the person's records, not declared.

Names, phone numbers and e-mail addresses are looked for, so this is for a person to look at: another one may have the
same name, and a nickname is not found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.fields import FieldType
from chassis_metadata.logic.data_subject import Erasure, SubjectMap, Treatment, subject_map
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.privacy.graph import PersonalData
from chassis_platform.privacy.treatment import Eraser, anonymise
from chassis_platform.sql.check import values_of
from chassis_tenants.database import Row, Transaction

_TYPED = frozenset({FieldType.TEXT, FieldType.LONG_TEXT, FieldType.RICH_TEXT})
#: A shorter text than this stands in many words; of ideographs two make a name.
_SHORTEST, _SHORTEST_OF_IDEOGRAPHS = 4, 2
_FIRST_IDEOGRAPH = "\u3400"
#: So much of a phone number's end is looked for: it is written with and without codes.
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Mentions:
    """A field in whose text the person is named, and in which records."""

    object_name: str
    field: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is looked for, as texts in lower case and as ends of numbers."""

    texts: frozenset[str]
    numbers: frozenset[str]

    def are_in(self, text: str) -> bool:
        lower = text.lower()
        if any(each in lower for each in self.texts):
            return True
        digits = _digits_of(text)
        return any(each in digits for each in self.numbers)


async def find_mentions(transaction: Transaction, context: Context, data: PersonalData) -> list[Mentions]:
    """In records that stay when the person is erased. Two round trips, whatever the number of records."""
    snapshot, declared = context.snapshot, subject_map(context.snapshot)
    terms = await _terms(transaction, context, declared, data)
    looked_at = {
        name: found
        for name in sorted(data.ids)
        if declared.holdings[name].erasure is not Erasure.DELETE
        and (found := typed_fields(snapshot.objects[name], declared))
    }
    asked = [
        values_of(snapshot.objects[name], [each.name for each in fields]).bind(**common(context), ids=data.ids[name])
        for name, fields in looked_at.items()
    ]
    answers = await transaction.fetch_each(asked) if asked else []
    return [
        each
        for (name, fields), rows in zip(looked_at.items(), answers, strict=True)
        for each in _in_rows(name, fields, rows, terms)
    ]


def typed_fields(obj: Object, declared: SubjectMap) -> list[Field]:
    """Stored fields in which somebody types, and of which no declaration says what becomes of them."""
    treated = declared.holdings[obj.name].fields
    return [
        each
        for each in obj.fields.values()
        if each.type in _TYPED
        and not (each.system or each.is_reference or each.is_calculated or each.unique)
        and each.name not in treated
        and f"{obj.name}.{each.name}" not in declared.excluded
    ]


async def _terms(transaction: Transaction, context: Context, declared: SubjectMap, data: PersonalData) -> _Terms:
    """The names of the person, and what the person is known by."""
    snapshot = context.snapshot
    roots = [snapshot.objects[name] for name in declared.roots if name in data.ids]
    known = [_known_by(declared, obj) for obj in roots]
    asked = [
        values_of(obj, names).bind(**common(context), ids=data.ids[obj.name])
        for obj, names in zip(roots, known, strict=True)
    ]
    answers = await transaction.fetch_each(asked)
    values = [
        (obj.fields[name], value)
        for obj, names, rows in zip(roots, known, answers, strict=True)
        for row in rows
        for name, value in zip(names, row[1:], strict=True)
        if isinstance(value, str)
    ]
    numbers = {_digits_of(value)[-_DIGITS:] for field, value in values if field.type is FieldType.PHONE}
    texts = {value.strip().lower() for field, value in values if field.type is not FieldType.PHONE}
    return _Terms(
        frozenset(each for each in texts if _is_long_enough(each)),
        frozenset(each for each in numbers if len(each) == _DIGITS),
    )


def _known_by(declared: SubjectMap, obj: Object) -> list[str]:
    return ["Name", *(name for name in declared.holdings[obj.name].identified_by if name in obj.fields)]


def _is_long_enough(text: str) -> bool:
    return len(text) >= (_SHORTEST_OF_IDEOGRAPHS if text >= _FIRST_IDEOGRAPH else _SHORTEST)


def _digits_of(text: str) -> str:
    return "".join(each for each in text if each in "0123456789")


def _in_rows(name: str, fields: Sequence[Field], rows: Iterable[Row], terms: _Terms) -> Iterator[Mentions]:
    for place, field in enumerate(fields, 1):
        ids = tuple(row[0] for row in rows if isinstance(row[place], str) and terms.are_in(row[place]))
        if ids:
            yield Mentions(name, field.name, ids)


async def empty_mentions(
    eraser: Eraser, found: Iterable[Mentions], held: Mapping[str, frozenset[str]]
) -> list[Mentions]:
    """Empty these texts, but not in records that are kept; answers what was emptied."""
    holdings = subject_map(eraser.context.snapshot).holdings
    emptied = []
    for each in found:
        kept = held.get(each.object_name, frozenset())
        ids = tuple(one for one in each.ids if one not in kept)
        if ids and holdings[each.object_name].erasure is Erasure.ANONYMISE:
            is_required = eraser.context.snapshot.objects[each.object_name].fields[each.field].required
            how = Treatment.TOKEN if is_required else Treatment.BLANK
            await anonymise(eraser, each.object_name, ids, {each.field: how})
            emptied.append(Mentions(each.object_name, each.field, ids))
    return emptied


def told(found: Iterable[Mentions]) -> list[dict[str, Any]]:
    """For a person to look at: the fields, and the records."""
    return [{"object": each.object_name, "field": each.field, "records": list(each.ids)} for each in found]
