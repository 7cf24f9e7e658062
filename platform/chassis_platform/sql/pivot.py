"""The index of custom fields: a row for each value of a field that is indexed, unique or a reference."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from chassis_metadata.snapshot import Field, Object
from chassis_platform.plan.forms import match_key
from chassis_tenants.sealed_columns import index_mark
from chassis_tenants.statement import Statement
from chassis_tenants.storage import needs_pivot, pivot_kind

#: A row has one of the three values, and `unique_value` where no other record may have the same.
KEEP_INDEX_ROWS = Statement(
    "INSERT INTO data.custom_index"
    " (tenant_id, object_name, field_name, record_id, text_value, number_value, time_value, unique_value)"
    " SELECT %(tenant)s, %(object_name)s, r.field_name, r.record_id, r.text_value, r.number_value,"
    " r.time_value, r.unique_value FROM json_to_recordset(%(rows)s::json) AS r (field_name text, record_id text,"
    " text_value text, number_value float8, time_value timestamptz, unique_value text)"
    " ON CONFLICT (tenant_id, object_name, field_name, record_id) DO UPDATE SET text_value = excluded.text_value,"
    " number_value = excluded.number_value, time_value = excluded.time_value, unique_value = excluded.unique_value",
    sealed=True,  # what an encrypted field is found by comes as a mark
)
DROP_INDEX_ROWS = Statement(
    "DELETE FROM data.custom_index i USING json_to_recordset(%(rows)s::json) AS r (field_name text, record_id text)"
    " WHERE i.tenant_id = %(tenant)s AND i.object_name = %(object_name)s AND i.field_name = r.field_name"
    " AND i.record_id = r.record_id"
)
#: Deleted records (`ids`) give their unique values free.
RELEASE_UNIQUE_VALUES = Statement(
    "UPDATE data.custom_index SET unique_value = NULL WHERE tenant_id = %(tenant)s AND object_name = %(object_name)s"
    " AND field_name = ANY (%(field_names)s) AND record_id = ANY (%(ids)s)"
)
ERASE_INDEX_ROWS = Statement(
    "DELETE FROM data.custom_index WHERE tenant_id = %(tenant)s AND object_name = %(object_name)s"
    " AND field_name = ANY (%(field_names)s) AND record_id = ANY (%(ids)s)"
)


def indexed_fields(obj: Object) -> list[Field]:
    """The fields that have rows in the index."""
    fields: list[Field] | None = obj.__dict__.get("_indexed_fields")
    if fields is None:
        fields = obj.__dict__["_indexed_fields"] = [field for field in obj.fields.values() if needs_pivot(field)]
    return fields


def index_row(field: Field, record_id: str, value: Any) -> dict[str, Any]:
    """The index row of a value that is not None."""
    key = _key(field, value)
    row = {"field_name": field.name, "record_id": record_id, pivot_kind(field): key}
    return row | {"unique_value": _text(key)} if field.unique else row


def _key(field: Field, value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if field.encrypted:
        return index_mark(field, value)
    return _text(value) if isinstance(value, bool | time) else match_key(field, value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else value.isoformat() if hasattr(value, "isoformat") else repr(value)
