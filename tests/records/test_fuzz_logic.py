"""Whatever values records have: formulas over them are answered, and what is refused leaves nothing behind."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis_metadata.logic.triggers import BeforeSaveUpdate, Event, Trigger
from chassis_platform.access.context import Context
from chassis_platform.records import after_save
from chassis_platform.records.after_save import Fired
from chassis_platform.records.write import write_records
from chassis_tenants.database import Database, Transaction
from chassis_tenants.snapshots import SnapshotStore
from made_by_tenants import reacting, with_components

BOTH = frozenset({Event.CREATE, Event.UPDATE})
FORMULAS = (
    "Budget / Rating > 3",
    'REGEX(Phone, "[0-9]+") && LEN(Notes) > 2',
    "OpenedOn + Rating > TODAY()",
    "AND(ISCHANGED(Budget), Budget > PRIORVALUE(Budget) * 10)",
    'INCLUDES(Services, "Paint") && ISBLANK(Website)',
    "VALUE(Phone) > 5",
    "LastAudit > NOW() - Margin",
    'EXISTS("Workshop", Region = $This.Region AND Budget > $This.Budget AND Id <> $This.Id)',
    "ParentWorkshop.Budget < Budget",
    "SQRT(Budget) > 100",
    "DATE(Rating, Rating, Rating) > OpenedOn",
    "LOG(Budget) ^ Rating > 2",
)
FIELDS: dict[tuple[str, str], dict[str, Any]] = {
    ("field", "Workshop.Sum__c"): {"type": "number", "label": "Sum", "scale": 2, "default_formula": "Budget * Rating"},
    ("field", "Workshop.When__c"): {
        "type": "datetime",
        "label": "When",
        "default_formula": "LastAudit + Rating",
        "required_when": "Budget > 1e10",
    },
    **{
        ("validation_rule", f"Workshop.Rule_{number}__c"): {"formula": formula, "message": f"Rule {number}."}
        for number, formula in enumerate(FORMULAS)
    },
}
REACTIONS: tuple[Trigger | BeforeSaveUpdate, ...] = (
    BeforeSaveUpdate("test", "One", "Workshop", BOTH, {"Rating": "Budget / Margin", "Notes": "TEXT(Rating)"}),
    BeforeSaveUpdate("test", "Two", "Workshop", BOTH, {"OpenedOn": "DATEVALUE(Phone)"}, "ISCHANGED(Phone)"),
    BeforeSaveUpdate("test", "Three", "Workshop", BOTH, {"Email": "LEFT(Notes, 3)"}, "Rating > 5", becomes=True),
    Trigger("test", "React", "Workshop", BOTH, "Budget / Rating > 1", becomes=True),
)
NUMBERS = st.sampled_from([None, 0, 1, -1, 0.5, 3, 99.99, 1e15, -1e15]) | st.integers(-99, 99)
WRITTEN = st.fixed_dictionaries(
    {},
    optional={
        "Budget": NUMBERS,
        "Rating": st.integers(-99, 99) | st.none(),
        "Margin": st.integers(-999, 999) | st.none(),
        "Phone": st.sampled_from([None, "12", "0", "2026-02-30", "2026-01-31", "x"])
        | st.text("0123456789- ", max_size=9),
        "Notes": st.text(max_size=8),
        "OpenedOn": st.dates().map(str) | st.none(),
        "LastAudit": st.sampled_from([None, "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "2026-01-01T00:00:00Z"]),
        "Services": st.sampled_from([None, "Paint", "Repair;Paint"]),
        "Region": st.sampled_from([None, "North", "South"]),
    },
)
_codes = itertools.count()


@pytest.fixture(scope="module")
async def busy(database: Database, snapshots: SnapshotStore, admin: Context) -> Context:
    return reacting(await with_components(database, snapshots, admin, FIELDS), *REACTIONS)


@pytest.fixture(autouse=True)
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
        del transaction, context
        for each in fired:
            for change in each.changes:
                if change.now("Region") == "South":
                    change.wrong("my_code", "Not in the south.")

    monkeypatch.setitem(after_save._handlers, "test", act)  # noqa: SLF001  an engine for the time of a test


@given(first=st.lists(WRITTEN, min_size=1, max_size=6), second=st.lists(WRITTEN, min_size=6, max_size=6))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_every_record_is_kept_or_refused(
    first: list[dict[str, Any]], second: list[dict[str, Any]], database: Database, busy: Context, answer: Any
) -> None:
    records = [{"Name": "f", "Code": f"logic{next(_codes)}", **each} for each in first]

    made = answer(write_records(database, busy, "Workshop", "insert", records))
    ids = [each.id for each in made if each.success]
    changes = [{"Id": each, **values} for each, values in zip(ids, second, strict=False)]
    changed = answer(write_records(database, busy, "Workshop", "update", changes)) if changes else []

    assert all(result.success != bool(result.problems) for result in [*made, *changed])
    kept = answer(write_records(database, busy, "Workshop", "delete", [{"Id": each} for each in ids])) if ids else []
    assert all(result.success for result in kept)
