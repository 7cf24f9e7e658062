"""The hash that PostgreSQL makes of an entry is that of the bytes which Python makes of it, whatever the entry says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.conftest import dated
from chassis_platform.audit.check_proof import in_full
from chassis_platform.audit.entries import (
    COLUMNS,
    FORMATS,
    SOURCES,
    canonical,
    columns_of_sources,
    entry_text,
    leaf_text,
)
from chassis_platform.audit.merkle import leaf_hash
from chassis_tenants.database import Binding
from chassis_tenants.journal import Access, Actor, access_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.conftest import Journal

NASTY = [
    "plain",
    'quotes " and \\ back \\" slashes',
    "control \x01\x02\x1f\x7f and \b\f\n\r\t",
    "lines \u2028 \u2029 \u0085 and \ufeff marks",
    "变更 émoji 😀 \U0010ffff combining e\u0301",
    "</script> & ' % %s {0} $1",
    "x" * 255,
    "",
]


@pytest.mark.parametrize("text_format", FORMATS)
@pytest.mark.parametrize("text", NASTY)
async def test_both_hash_the_same_bytes(journal: Journal, text: str, text_format: int) -> None:
    access = Access("Contact", [text or "x", "b"], [text, 'Na"me'], text, client_name=text, reason=text, purpose=text)
    entry = access_entry(journal.tenant.id, Actor(None, "ann", text), access)
    moments = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 12, 30, 15, 1, tzinfo=UTC) + timedelta(days=200)]
    for number, moment in enumerate(moments):
        again = entry.bind(id=f"0Al{number:015}", name=f"0Al{number:015}")
        await journal.database.read(Binding(journal.tenant.id), dated(again, moment))

    [rows] = await journal.database.read(Binding(journal.tenant.id), COLUMNS)
    columns = columns_of_sources(rows)["access_log"]
    found = journal.as_owner(
        f"SELECT {entry_text(columns)}, {leaf_text('access_log', columns, text_format)}"  # noqa: S608  names from the catalog
        " FROM data.access_log e WHERE e.tenant_id = {tenant}".replace("%", "%%")
    )

    assert len(found) == len(moments)
    assert [bytes(hashed) for _, hashed in found] == [
        leaf_hash(canonical("access_log", entry, text_format)) for entry, _ in found
    ]


#: Few values, so that columns often say the same; among them what JSON escapes, and what looks like something else.
TEXTS = st.sampled_from(["0Al1", "0051", "", "null", '"', "{}", "1"]) | st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6
)
MOMENTS = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000001Z", "1999-12-31T23:59:59.999999+08"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.none() | TEXTS,
    "text[]": st.none() | st.lists(st.none() | TEXTS, max_size=3),
    "timestamp with time zone": st.none() | MOMENTS,
    "numeric": st.none() | st.sampled_from([0, 1, 1.50, -2.25, 10**17, 999999999999]),
    "integer": st.just(1),
    "bigint": st.sampled_from([1, 2, 2**62]),
    "boolean": st.booleans(),
    "jsonb": st.sampled_from([{}, {"a": 1.50}, [], "", "{}", "变更"]),
}
NEVER_NULL = {"id": TEXTS, "created_date": MOMENTS, "last_modified_date": MOMENTS, "system_modstamp": MOMENTS}


@pytest.fixture(scope="module")
def owner(owner_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("source", SOURCES)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_an_entry_says_both_hash_the_same_and_its_text_says_all_of_it(
    owner: psycopg.Connection[Any], source: str, data: st.DataObject
) -> None:
    columns = columns_of_sources(owner.execute(COLUMNS.text, COLUMNS.parameters).fetchall())[source]
    values = {name: data.draw(NEVER_NULL.get(name, VALUES[kind]), label=name) for name, kind in columns.items()}

    hashes = ", ".join(leaf_text(source, columns, each) for each in FORMATS)
    ((entry, *found),) = owner.execute(
        f"SELECT {entry_text(columns)}, {hashes}".replace("%", "%%")  # noqa: S608  names from the catalog
        + f" FROM jsonb_populate_record(NULL::data.{source}, %s::jsonb) e",
        (json.dumps(values),),
    ).fetchall()

    texts = [canonical(source, entry, each) for each in FORMATS]
    assert [bytes(each) for each in found] == [leaf_hash(each) for each in texts]
    # An entry can be read back from its text, so no two entries share one.
    whole = {name: value for name, value in json.loads(entry).items() if value is not None}
    assert [
        in_full(json.loads(text), f"chassis-audit-seal-{each}")["entry"] | {"tenant_id": 1}
        for text, each in zip(texts, FORMATS, strict=True)
    ] == [whole, whole]


def test_a_text_leaves_out_what_is_usual_and_writes_a_null_that_is_not() -> None:
    usual = {
        "tenant_id": 7,
        "id": "0Al1",
        "name": "0Al1",
        "user_id": "0051",
        "created_by_id": "0051",
        "last_modified_by_id": None,
        "is_deleted": False,
        "row_version": 1,
        "custom": "{}",
        "door": None,
    }

    assert canonical("access_log", json.dumps(usual)) == (
        b'{"entry":{"id":"0Al1","last_modified_by_id":null,"user_id":"0051"},"source":"access_log"}'
    )
