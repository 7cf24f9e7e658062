"""Exported files: every format holds every row, its types, no formula; and nothing that the user may not see."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from pyarrow import parquet

from chassis_metadata.errors import ChassisError, Invalid, LimitExceeded
from chassis_platform.plan.cells import CellKind, Heading
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.records import export_files, xlsx
from chassis_platform.records.export import export_list, export_query
from chassis_platform.records.export_files import FileFormat, new_file
from chassis_platform.records.xlsx import LONGEST_TEXT
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import OPERATOR, digest_of
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant
from world import World, counting, make_world

PARENT = "gW1000000000001CAA"
COLUMNS = ("Name", "Phone", "Budget", "Rating", "IsActive", "OpenedOn", "LastAudit", "OpensAt", "Services", "OwnerId")
TEXT = "SELECT Name, Budget, OpenedOn, ParentWorkshop.Name FROM Workshop ORDER BY Code"
YEAR_MASK = {
    "label": "Figures",
    "fields": ["Workshop.OpenedOn", "Workshop.Budget"],
    "masks": {"Workshop.OpenedOn": "year", "Workshop.Budget": "range"},
    "clear": [{"permission_sets": ["GarageAdmin"]}],
}


@pytest.fixture(scope="module")
async def garage(owner_dsn: str, database: Database, snapshots: SnapshotStore, tenant: Tenant) -> World:
    world = await make_world(owner_dsn, database, snapshots, tenant)
    world.user("admin", "GarageAdmin", time_zone="Asia/Shanghai")
    owner = world.user("olga", "GarageUser")
    world.record(
        "Workshop", Id=PARENT, Name="欧阳<&>", Code="A", OwnerId=owner, Phone="=1+1", Budget=1234.5, Rating=4.25,
        IsActive=True, Services=["Paint", "Tyres"], OpenedOn="1999-12-31", LastAudit="2026-01-02 23:04:05+00",
        OpensAt="08:30",
    )  # fmt: skip
    for number in range(30):
        world.record(
            "Workshop", Name=f"Branch {number:02}", Code=f"B{number:02}", OwnerId=owner, ParentWorkshopId=PARENT,
            IsActive=False,
        )  # fmt: skip
    return world


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([each async for each in chunks])


async def exported(garage: World, file_format: FileFormat, user: str = "admin", **more: Any) -> bytes:
    request = parse_list_request({"columns": list(COLUMNS), "order_by": [{"field": "Code"}], **more})
    return await whole(export_list(garage.database, await garage.as_user(user), "Workshop", request, file_format))


def sheet_of(content: bytes) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [tuple(cell.value for cell in row) for row in book.worksheets[0].iter_rows()]


async def test_a_spreadsheet_keeps_types_and_takes_moments_to_the_user_s_time(garage: World) -> None:
    content = await exported(garage, FileFormat.XLSX)

    rows = sheet_of(content)
    assert rows[0] == (
        "Workshop name", "Phone", "Budget", "Rating", "Active", "Opened on", "Last audit", "Opens at", "Services",
        "Owner",
    )  # fmt: skip
    assert rows[1] == (
        "欧阳<&>", "=1+1", 1234.5, 4.25, True, datetime(1999, 12, 31), datetime(2026, 1, 3, 7, 4, 5),  # noqa: DTZ001
        time(8, 30), "Paint;Tyres", "olga",
    )  # fmt: skip
    assert rows[2][1:9] == (None, None, None, False, None, None, None, None)
    assert len(rows) == 32
    cell = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]["B2"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


async def test_parquet_keeps_types_and_is_called_by_paths(garage: World) -> None:
    table = parquet.read_table(io.BytesIO(await exported(garage, FileFormat.PARQUET)))

    assert table.column_names == list(COLUMNS)
    assert table.schema.field("Budget").metadata == {b"label": b"Budget"}
    first, second, *_ = table.to_pylist()
    assert first == {
        "Name": "欧阳<&>",
        "Phone": "=1+1",
        "Budget": Decimal("1234.50"),
        "Rating": Decimal("4.25"),
        "IsActive": True,
        "OpenedOn": date(1999, 12, 31),
        "LastAudit": datetime(2026, 1, 2, 23, 4, 5, tzinfo=UTC),
        "OpensAt": time(8, 30),
        "Services": "Paint;Tyres",
        "OwnerId": "olga",
    }
    assert second["Budget"] is None
    assert table.num_rows == 31


async def test_csv_has_utc_and_plain_numbers_and_no_formula(garage: World) -> None:
    text = (await exported(garage, FileFormat.CSV)).decode()
    first = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[1]
    assert first == [
        "欧阳<&>", "'=1+1", "1234.50", "4.25", "true", "1999-12-31", "2026-01-02T23:04:05.000Z", "08:30:00",
        "Paint;Tyres", "olga",
    ]  # fmt: skip


@pytest.mark.parametrize("file_format", FileFormat)
async def test_every_format_has_every_row_of_a_query_and_is_written_page_by_page(
    garage: World, file_format: FileFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis_platform.records.export.LARGEST_BATCH", 8)
    monkeypatch.setattr("chassis_platform.records.parquet.GROUP_ROWS", 10)
    context = await garage.as_user("olga")
    async with counting(garage) as counted:
        content = await whole(export_query(garage.database, context, TEXT, file_format))
    counts = file_format is FileFormat.XLSX
    assert counted.trips == 4 + 1 + counts  # pages, the entry about all, how many there are

    if file_format is FileFormat.PARQUET:
        file = parquet.ParquetFile(io.BytesIO(content))
        names = [row["Name"] for row in file.read().to_pylist()]
        assert file.num_row_groups == 2
    elif file_format is FileFormat.XLSX:
        names = [row[0] for row in sheet_of(content)[1:]]
    else:
        names = [row[0] for row in list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]]
    assert names == ["欧阳<&>", *(f"Branch {number:02}" for number in range(30))]


async def test_the_headings_are_in_the_user_s_language(garage: World) -> None:
    context = await garage.as_user("olga")
    content = await whole(export_query(garage.database, context, TEXT, FileFormat.XLSX))
    assert sheet_of(content)[0] == ("Workshop name", "Budget", "Opened on", "Parent workshop")


async def test_an_export_leaves_entries_of_its_pages_and_one_of_the_whole(garage: World) -> None:
    garage.forget_log()
    await exported(garage, FileFormat.PARQUET)
    page, total = garage.access_log()
    assert (page["door"], page["fields"], page["count"]) == ("export", ["Phone"], 31)
    assert (total["door"], total["fields"], total["count"], total["ids"]) == ("export_total", list(COLUMNS), 31, [])
    [(digest,)] = garage.sql("SELECT digest FROM data.access_log WHERE door = 'export_total'")
    assert digest == digest_of(page["ids"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT COUNT(Id) FROM Workshop", "aggregates"),
        ("SELECT Id, (SELECT Id FROM Branches) FROM Workshop", "Branches"),
        ("SELECT Address FROM Workshop", "Street, District"),
        ("SELECT TaxNumber FROM Workshop", "No such column"),
    ],
)
async def test_what_is_no_table_or_not_for_the_user_is_refused(garage: World, text: str, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        await whole(export_query(garage.database, await garage.as_user("olga"), text))


async def test_more_than_a_spreadsheet_holds_is_told_before_the_first_row(
    garage: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(export_files.MOST_ROWS, FileFormat.XLSX, 30)
    context = await garage.as_user("olga")
    with pytest.raises(LimitExceeded, match=r"XLSX holds 30 records and these are 31: take CSV or Parquet"):
        await whole(export_query(garage.database, context, TEXT, FileFormat.XLSX))
    assert len(sheet_of(await whole(export_query(garage.database, context, f"{TEXT} LIMIT 30", FileFormat.XLSX)))) == 31


async def test_a_query_with_a_purpose_leaves_out_who_said_nothing(garage: World) -> None:
    agreed = parse_list_request({"columns": ["Id"], "purpose": "LETTERS"})
    with pytest.raises(ChassisError, match="no consent model is in force"):
        await whole(export_query(garage.database, await garage.as_user("olga"), TEXT, agreed=agreed))


async def test_masked_values_stay_masked_in_columns_of_text(garage: World, snapshots: SnapshotStore) -> None:
    async with garage.database.transaction(Binding(garage.tenant.id)) as transaction:
        await save_component(transaction, snapshots, ComponentKey("masking_rule", "Years__c"), YEAR_MASK, OPERATOR)
    current = await tenant_by_id(garage.database, garage.tenant.id)
    assert current is not None
    garage.tenant, garage.snapshot = current, await snapshots.of(current.id, current.metadata_version)

    masked = parquet.read_table(io.BytesIO(await exported(garage, FileFormat.PARQUET, "olga"))).to_pylist()[0]
    clear = parquet.read_table(io.BytesIO(await exported(garage, FileFormat.PARQUET, "admin"))).to_pylist()[0]

    assert (masked["OpenedOn"], masked["Budget"]) == ("1999", "1000-2000")
    assert (clear["OpenedOn"], clear["Budget"]) == (date(1999, 12, 31), Decimal("1234.50"))
    assert sheet_of(await exported(garage, FileFormat.XLSX, "olga"))[1][2] == "1000-2000"


def test_a_spreadsheet_bears_every_text_and_says_where_one_was_too_long() -> None:
    texts = ["\x00\x0b\x1f\r", "_x000B_", "]]>&<\"'", "😀", " blank ", "x" * (LONGEST_TEXT + 1), "＝1", "-1"]  # noqa: RUF001
    file = new_file(FileFormat.XLSX, [Heading("A", "=A")], ZoneInfo("UTC"))
    content = file.written([(each,) for each in texts]) + file.ended()

    found = [row[0] for row in sheet_of(content)]
    assert found[0] == "=A"
    assert found[3:6] == texts[2:5]
    assert found[6] == "x" * (LONGEST_TEXT - 1) + "…"
    assert found[7:] == texts[6:]


def test_days_that_the_calendar_of_spreadsheets_has_wrong_are_texts() -> None:
    file = new_file(FileFormat.XLSX, [Heading("A", "A", CellKind.DATE)], ZoneInfo("UTC"))
    days = [date(1900, 2, 28), date(1900, 3, 1), datetime(1850, 1, 1, tzinfo=UTC)]
    content = file.written([(each,) for each in days]) + file.ended()
    assert [row[0] for row in sheet_of(content)[1:]] == ["1900-02-28", datetime(1900, 3, 1), "1850-01-01 00:00:00"]  # noqa: DTZ001


def test_a_sheet_of_too_many_bytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "_MOST_BYTES", 1_000)
    file = new_file(FileFormat.XLSX, [Heading("A", "A")], ZoneInfo("UTC"))
    with pytest.raises(LimitExceeded, match="too long for XLSX"):
        file.written([("text",)] * 100)
