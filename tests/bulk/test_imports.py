from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from bulk.desk import Bulk, Query, pieces
from chassis_metadata.errors import Forbidden, Invalid
from chassis_platform.access.context import Context
from chassis_platform.bulk import uploads
from chassis_platform.bulk.import_errors import import_errors
from chassis_platform.bulk.imports import (
    abort_import,
    begin_check,
    begin_import,
    begin_undo,
    import_document,
    preview,
    read_import,
    run_import,
    set_mapping,
)
from chassis_platform.bulk.ingest import LANES
from chassis_platform.bulk.jobs import BulkJob, JobType, State, find_job, make_job
from chassis_platform.bulk.mapping import check_mapping, read_mapping
from chassis_platform.bulk.uploads import take_upload
from chassis_platform.records.write import update_record

MAPPING = {
    "columns": {
        "Betrieb": "Name",
        "Kennung": "Code",
        "Gebiet": {"field": "Region", "values": {"Nord": "North", "Süd": "South"}, "otherwise": "West"},
        "Aufgemacht": "OpenedOn",
    },
    "constants": {"Rating": "4"},
}
FILE = (
    "Betrieb;Kennung;Gebiet;Aufgemacht;Bemerkung\nAlpha;I1;Nord;2020-01-31;x\nBeta;I2;Mitte;;y\nGamma;I3;;gestern;z\n"
)


@dataclass(frozen=True)
class Imports:
    """An administrator's imports."""

    bulk: Bulk
    context: Context

    async def upload(self, content: str, mapping: Any = MAPPING, **document: Any) -> BulkJob:
        asked = {"object": "Workshop", "operation": "insert", "columnDelimiter": "SEMICOLON", "mapping": mapping}
        wanted = read_import(self.context, {**asked, **document}, version="66.0")
        job = await make_job(self.bulk.database, self.context, wanted)
        await take_upload(self.bulk.database, self.context, job, pieces(content.encode(), 50))
        return await self.again(job)

    async def again(self, job: BulkJob) -> BulkJob:
        return await find_job(self.bulk.database, self.context, job.id, JobType.IMPORT)

    async def do(self, begin: Any, job: BulkJob) -> BulkJob:
        """Begin something and have the worker end it."""
        await begin(self.bulk.database, self.context, await self.again(job))
        await self.work(job)
        return await self.again(job)

    async def work(self, job: BulkJob) -> None:
        for lane in reversed(range(LANES)):
            await run_import(self.bulk.desk, self.context.tenant.id, {"job": job.id, "lane": lane})

    async def told(self, job: BulkJob) -> dict[str, Any]:
        return await import_document(self.bulk.database, self.context, await self.again(job))

    async def errors(self, job: BulkJob, phase: str) -> list[dict[str, Any]]:
        found = await import_errors(self.bulk.database, self.context, await self.again(job), phase)
        errors: list[dict[str, Any]] = found["errors"]
        return errors


@pytest.fixture
def imports(bulk: Bulk, admin: Context) -> Imports:
    return Imports(bulk, admin)


_WORKSHOPS = "SELECT code, name, region, rating::float, opened_on::text, is_deleted FROM data.workshop"


async def test_a_dry_run_tells_what_would_be_wrong_and_leaves_nothing(imports: Imports, rows: Query) -> None:
    job = await imports.upload(FILE)
    traces = (
        "SELECT (SELECT count(*) FROM data.workshop), (SELECT count(*) FROM data.field_history),"
        " (SELECT count(*) FROM data.access_log), (SELECT count(*) FROM chassis.change_event)"
    )
    before = await rows(traces)

    checked = await imports.do(begin_check, job)

    assert checked.state is State.OPEN
    assert (await imports.told(job))["check"] == {"processed": 3, "failed": 1}
    [error] = await imports.errors(job, "check")
    assert (error["line"], error["cells"][0]) == (4, "Gamma")
    assert (
        error["error"]
        == "JSON_PARSER_ERROR:Cannot deserialize instance of date from VALUE_STRING value gestern:OpenedOn --"
    )
    assert await rows(traces) == before


async def test_a_mapping_names_columns_maps_values_and_adds_constants(imports: Imports, rows: Query) -> None:
    job = await imports.do(begin_import, await imports.upload(FILE))

    assert (job.state, job.processed, job.failed) == (State.JOB_COMPLETE, 3, 1)
    assert await rows(f"{_WORKSHOPS} WHERE code IN ('I1', 'I2', 'I3') ORDER BY code") == [
        ("I1", "Alpha", "North", 4.0, "2020-01-31", False),
        ("I2", "Beta", "West", 4.0, None, False),
    ]
    [(said,)] = await rows(
        "SELECT display FROM data.setup_audit_trail WHERE action = 'startedImport' AND target_name = %(job)s",
        job=job.id,
    )
    assert said == "Import of 3 rows into Workshop (insert)"


async def test_an_import_is_taken_back_but_for_what_somebody_changed_since(imports: Imports, rows: Query) -> None:
    first = "Kennung;Betrieb;Aufgemacht;Gebiet\nU1;One;2001-01-01;Nord\nU2;Two;2002-02-02;Nord\n"
    await imports.do(begin_import, await imports.upload(first, operation="insert"))
    second = (
        "Kennung;Betrieb;Aufgemacht;Gebiet\nU1;Eins;#N/A;Süd\nU2;Zwei;2022-02-02;Süd\nU3;Drei;;Süd\nU4;Vier;;Süd\n"
        "U5;Bad;never;Süd\n"
    )
    job = await imports.upload(second, operation="upsert", externalIdFieldName="Code")
    job = await imports.do(begin_import, job)
    ids: dict[str, str] = dict(await rows("SELECT code, id FROM data.workshop WHERE code LIKE 'U_'"))
    for code in ("U2", "U4"):
        await update_record(imports.bulk.database, imports.context, "Workshop", ids[code], {"Margin": 7})

    undone = await imports.do(begin_undo, job)

    assert undone.state is State.UNDONE
    assert await rows(f"{_WORKSHOPS} WHERE code LIKE 'U_' ORDER BY code") == [
        ("U1", "One", "North", 4.0, "2001-01-01", False),
        ("U2", "Zwei", "South", 4.0, "2022-02-02", False),
        ("U3", "Drei", "South", 4.0, None, True),
        ("U4", "Vier", "South", 4.0, None, False),
    ]
    assert (await imports.told(job))["undo"] == {"processed": 4, "failed": 2}
    left = await imports.errors(job, "undo")
    assert [(each["line"], each["id"]) for each in left] == [(3, ids["U2"]), (5, ids["U4"])]
    assert left[0]["error"].startswith("STALE_VERSION:The record was saved meanwhile")
    with pytest.raises(Invalid, match="there is no undo"):
        await begin_undo(imports.bulk.database, imports.context, undone)


async def test_what_an_aborted_import_wrote_can_be_taken_back(
    imports: Imports, rows: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "BATCH_ROWS", 10)
    job = await imports.upload("Kennung;Betrieb\n" + "".join(f"A{each};Ab {each}\n" for each in range(40)), _SHORT)
    await begin_import(imports.bulk.database, imports.context, job)
    await run_import(imports.bulk.desk, imports.context.tenant.id, {"job": job.id, "lane": 1})
    await abort_import(imports.bulk.database, imports.context, await imports.again(job))
    await imports.work(job)
    assert (await imports.told(job))["write"] == {"processed": 20, "failed": 0}

    undone = await imports.do(begin_undo, job)

    assert undone.state is State.UNDONE
    assert await rows("SELECT count(*), bool_and(is_deleted) FROM data.workshop WHERE name LIKE 'Ab %%'") == [
        (20, True)
    ]


_SHORT = {"columns": {"Kennung": "Code", "Betrieb": "Name"}}

WRONG: list[tuple[Any, str]] = [
    ([], "must be an object"),
    ({"column": {}}, "is no key of a mapping"),
    ({"columns": {"Betrieb": 5}}, "must be a field's name"),
    ({"columns": {"Betrieb": {"field": "Name", "values": {"a": 1}}}}, "texts"),
    ({"columns": {"Betrieb": {"field": "Name", "otherwise": 1}}}, "must be a text"),
    ({"constants": {"Name": 1}}, "must be a text"),
    ({"columns": {"Betrieb": "Name", "Kennung": "name"}}, "gets its value twice"),
    ({"columns": {"Betrieb": "Name"}, "constants": {"Name": "x"}}, "gets its value twice"),
]


@pytest.mark.parametrize(("mapping", "message"), WRONG)
def test_a_wrong_mapping_is_told(mapping: Any, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read_mapping(mapping)


async def test_a_mapping_is_held_against_the_file_and_against_what_the_user_may_see(
    imports: Imports, ann: Context
) -> None:
    job = await imports.upload(FILE, None)
    for mapping, message in (
        ({"columns": {"Fehlt": "Name"}}, "is no column of the file"),
        ({"columns": {"Betrieb": "Nonsense"}}, "Field name not found : Nonsense"),
        ({"columns": {}}, "names no field"),
        (None, "no mapping yet"),
    ):
        if mapping is not None:
            await set_mapping(imports.bulk.database, imports.context, await imports.again(job), mapping)
        with pytest.raises(Invalid, match=message):
            await begin_check(
                imports.bulk.database, imports.context, job if mapping is None else await imports.again(job)
            )
    workshop = ann.snapshot.objects["Workshop"]
    with pytest.raises(Invalid, match="Field name not found : TaxNumber"):
        check_mapping(ann, workshop, "insert", read_mapping({"columns": {"Betrieb": "TaxNumber"}}), ["Betrieb"])


async def test_a_preview_shows_values_and_suggests_fields_by_name_and_label(imports: Imports) -> None:
    job = await imports.upload("opened on;CODE;Workshop name;Sonst\n2020-01-01;P1;A;x\n", None)

    found = await preview(imports.bulk.database, imports.context, job)

    assert (found["records"], found["problem"]) == (1, None)
    assert [(each["name"], each["suggestion"], each["samples"]) for each in found["columns"]] == [
        ("opened on", "OpenedOn", ["2020-01-01"]),
        ("CODE", "Code", ["P1"]),
        ("Workshop name", "Name", ["A"]),
        ("Sonst", None, ["x"]),
    ]


async def test_how_many_rows_a_file_may_have_is_told_before_it_is_sent(
    imports: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_IMPORTED_ROWS", 3)

    fits, is_longer = await imports.upload(FILE), await imports.upload(f"{FILE}Delta;I4;;;\n")

    assert (await imports.told(fits))["limits"] == {"records": 500_000, "contentBytes": 157_286_400}
    assert (fits.records, (await imports.told(fits))["problem"]) == (3, None)
    assert "more than 3 rows" in (await imports.told(is_longer))["problem"]
    with pytest.raises(Invalid, match="more than 3 rows"):
        await begin_check(imports.bulk.database, imports.context, is_longer)


async def test_who_may_import_is_said_by_a_permission(ann: Context) -> None:
    with pytest.raises(Forbidden, match="ImportData"):
        read_import(ann, {"object": "Workshop", "operation": "insert"}, version="66.0")
