"""All data about a person as one archive: a JSON file an object, and a page to read in the person's language."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from html import escape
from typing import Any

from chassis_metadata.logic.data_subject import subject_map
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.privacy.graph import PersonalData
from chassis_platform.sql.check import values_of
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement
from chassis_tenants.storage import stored_fields

#: Columns that say how the record is stored, and nothing about the person.
_INTERNAL = frozenset({"SystemModstamp", "IsDeleted"})
_TITLES = {"en_US": ("Your data", "Changes"), "zh_CN": ("您的个人信息", "变更记录")}
_HISTORY = Statement(
    "SELECT object_name, record_id, field_name, old_value, new_value, created_date FROM data.field_history"
    " WHERE tenant_id = %(tenant_id)s AND record_id = ANY (%(ids)s::text[]) ORDER BY created_date, id"
)
_STYLE = "body{font:15px sans-serif;margin:2em}table{border-collapse:collapse;margin:1em 0}"
_STYLE += (
    "th,td{border:1px solid #ccc;padding:4px 8px;text-align:left;vertical-align:top}th{font-weight:normal;color:#555}"
)


@dataclass(frozen=True, slots=True)
class Archive:
    """What was made: the zip, and the classified fields that it shows, as Object.Field."""

    content: bytes
    fields: Sequence[str]


def shown_fields(snapshot: Snapshot, obj: Object) -> list[Field]:
    """The fields of an object that are the person's to see: all that lie somewhere but for those declared otherwise."""
    excluded = subject_map(snapshot).excluded
    return [
        each for each in stored_fields(obj) if each.name not in _INTERNAL and f"{obj.name}.{each.name}" not in excluded
    ]


async def build_archive(transaction: Transaction, context: Context, data: PersonalData, language: str) -> Archive:
    """The archive; a statement an object, all in one round trip."""
    snapshot = context.snapshot
    objects = [snapshot.objects[name] for name in sorted(data.ids)]
    shown = {obj.name: shown_fields(snapshot, obj) for obj in objects}
    asked = [
        values_of(obj, [each.name for each in shown[obj.name]]).bind(**common(context), ids=list(data.ids[obj.name]))
        for obj in objects
    ]
    history = _HISTORY.bind(tenant_id=context.tenant.id, ids=data.all_ids)
    *answers, changes = await transaction.fetch_each([*asked, history])
    records = {obj.name: _records(shown[obj.name], rows) for obj, rows in zip(objects, answers, strict=True)}
    page = _page(snapshot, objects, records, changes, language)
    names = [
        f"{obj.name}.{each.name}"
        for obj in objects
        for each in shown[obj.name]
        if each.classification in ("personal", "sensitive")
    ]
    return Archive(_zipped(records, changes, page), names)


def _records(fields: Sequence[Field], rows: Iterable[Row]) -> list[dict[str, Any]]:
    names = [each.name for each in fields]
    return [
        {"Id": row[0]} | {name: _plain(value) for name, value in zip(names, row[1:], strict=True) if value is not None}
        for row in rows
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _zipped(records: Mapping[str, Sequence[Mapping[str, Any]]], changes: Sequence[Row], page: str) -> bytes:
    buffer = io.BytesIO()
    names = ("object", "record", "field", "before", "after", "at")
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("index.html", page)
        for name, found in records.items():
            made.writestr(f"{name}.json", json.dumps(found, ensure_ascii=False, indent=2))
        said = [dict(zip(names, map(_plain, row), strict=True)) for row in changes]
        made.writestr("changes.json", json.dumps(said, ensure_ascii=False, indent=2))
    return buffer.getvalue()


def _page(
    snapshot: Snapshot,
    objects: Sequence[Object],
    records: Mapping[str, Sequence[Mapping[str, Any]]],
    changes: Sequence[Row],
    language: str,
) -> str:
    title, changed = _TITLES.get(language, _TITLES["en_US"])
    parts = [f'<!doctype html><html lang="{escape(language.replace("_", "-"))}"><meta charset="utf-8">']
    parts.append(f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>")
    for obj in objects:
        plural = snapshot.text(language, f"objects.{obj.name}.plural_label", obj.plural_label)
        parts.append(f"<h2>{escape(plural)} ({len(records[obj.name])})</h2>")
        parts += [_table(_lines(snapshot, obj, each, language)) for each in records[obj.name]]
    parts.append(f"<h2>{escape(changed)} ({len(changes)})</h2>")
    parts.append(
        _table((f"{row[5]:%Y-%m-%d %H:%M} {row[0]}.{row[2]}", f"{row[3] or ''} → {row[4] or ''}") for row in changes)
    )
    return "\n".join(parts)


def _lines(snapshot: Snapshot, obj: Object, record: Mapping[str, Any], language: str) -> Iterable[tuple[str, str]]:
    for name, value in record.items():
        if name == "Id" or value in ("", False):
            continue
        field = obj.fields[name]
        part = "name" if field.is_name else f"fields.{name}.label"
        yield (
            snapshot.text(language, f"objects.{obj.name}.{part}", field.label),
            _said(snapshot, field, value, language),
        )


def _said(snapshot: Snapshot, field: Field, value: Any, language: str) -> str:
    labels = {each.value: each.label for each in field.values}
    start = f"objects.{field.object_name}.fields.{field.name}.values"
    given = value if isinstance(value, list) else [value]
    return ", ".join(snapshot.text(language, f"{start}.{each}", labels.get(each, str(each))) for each in given)


def _table(lines: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in lines)
    return f"<table>{rows}</table>"
