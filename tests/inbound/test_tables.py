"""CSV, fixed width, JSON by JSONPath: what they become, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chassis_metadata.components import InboundMapping
from chassis_metadata.errors import Invalid
from chassis_metadata.parse import parse_component
from inbound.automotive import units_of

CARS = {
    "label": "Cars",
    "format": "csv",
    "message_key": ["vin"],
    "targets": [{"object": "Car", "fields": {"Vin": "vin", "Price": {"path": "price", "then": ["number"]}}}],
}


def mapping(**body: Any) -> InboundMapping:
    made = parse_component("inbound", "test", {**CARS, **body})
    assert isinstance(made, InboundMapping)
    return made


def seen(content: str | bytes, kind: str | None = None, **body: Any) -> list[dict[str, Any]]:
    """The values of all records."""
    encoded = content.encode() if isinstance(content, str) else content
    return [dict(each.values) for unit in units_of(encoded, mapping(**body), kind) for each in unit.records]


def refused(content: str | bytes, **body: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        seen(content, **body)
    return caught.value


def fields(**expressions: Any) -> list[dict[str, Any]]:
    return [{"object": "Car", "fields": expressions}]


def test_a_line_is_a_unit_and_a_column_is_called_as_in_the_header() -> None:
    units = units_of(b'vin,price\r\n\r\nA1,"1,500.50"\r\nA2,\r\n', mapping())

    assert [(unit.key, unit.line) for unit in units] == [("A1", 3), ("A2", 4)]
    assert [str(each.values.get("Price")) for unit in units for each in unit.records] == ["1500.50", "None"]


def test_headings_are_found_in_any_case_and_under_any_of_their_names() -> None:
    columns = [{"name": "vin", "headings": ["VIN", "车架号"], "required": True}, {"name": "price"}]

    for header in ("车架号,PRICE", "vin,Price"):
        assert seen(f"{header}\nA1,5\n", columns=columns)[0]["Vin"] == "A1"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig", "utf-16"])
def test_a_table_is_read_in_the_first_encoding_that_fits(encoding: str) -> None:
    found = seen("vin,名称\nA1,上海\n".encode(encoding), encoding=["utf-8", "gb18030"], targets=fields(Name="名称"))

    assert found == [{"Name": "上海"}]


@pytest.mark.parametrize(("delimiter", "sign"), [("semicolon", ";"), ("tab", "\t"), ("pipe", "|"), ("caret", "^")])
def test_cells_are_parted_as_the_mapping_says(delimiter: str, sign: str) -> None:
    assert seen(f"vin{sign}price\nA1{sign}5\n", delimiter=delimiter)[0]["Vin"] == "A1"


def test_columns_without_a_header_are_told_by_position_and_the_last_may_be_missing() -> None:
    columns = [{"name": "vin"}, {"name": "price"}, {"name": "note"}]

    assert [each["Vin"] for each in seen("A1,5\nA2\n", header=False, columns=columns)] == ["A1", "A2"]


def test_lines_with_the_same_are_one_unit_with_least_and_greatest() -> None:
    lines = "campaign,model,built\nC1,X,20020730\nC2,Y,20020101\nC1,Z,20020101\nC1,X,20021231\n"
    day = {"path": "row/built", "steps": ["date"]}
    targets = [
        {"name": "campaign", "object": "Campaign", "fields": {"First": {"least": day}, "Last": {"greatest": day}}},
        {
            "object": "Model",
            "each": "row[not(model = preceding-sibling::row/model)]",
            "fields": {"Name": "model", "CampaignId": {"record": "campaign"}},
        },
    ]

    units = units_of(lines.encode(), mapping(group_by=["campaign"], message_key=["row/campaign"], targets=targets))

    assert [unit.key for unit in units] == ["C1", "C2"]
    assert {name: str(value) for name, value in units[0].records[0].values.items()} == {
        "First": "2002-01-01",
        "Last": "2002-12-31",
    }
    assert [each.values["Name"] for each in units[0].records[1:]] == ["X", "Z"]


def test_columns_of_a_fixed_width_are_cut_out() -> None:
    columns = [{"name": "kind", "from": 1, "to": 1}, {"name": "vin", "from": 2, "to": 5}]
    body: dict[str, Any] = {"format": "fixed_width", "columns": columns, "root": "/table/row[kind='D']"}

    assert seen("H2026\nDA1  5\nDA2\nT0002\n", **body) == [{"Vin": "A1"}, {"Vin": "A2"}]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("vin,price\nA1,5\nA2,5,6\n", "wrong_cell_count", 3),
        ('vin,price\nA1,"5\n', "csv_parser_error", 2),
        ("vin,vin\nA1,5\n", "duplicate_column", 1),
        ("price\n5\n", "missing_column", 1),
        (b"vin,price\nA1,\xff\n", "invalid_encoding", 2),
        ("\n\n", "nothing_found", 1),
    ],
)
def test_what_is_no_such_table_is_refused_with_its_line(content: str | bytes, code: str, line: int) -> None:
    problem = refused(content, columns=[{"name": "vin", "required": True}, {"name": "price"}]).problems[0]

    assert (problem.code, problem.line) == (code, line)


def test_a_header_can_be_no_path() -> None:
    """What a sender writes there becomes a name, or nothing that a path of the mapping finds."""
    header = 'vin,"\') or 1=1",../secret,"x[y]",=1+1,<a>,\u00bd\u00b2'

    assert seen(header + "\nA1,b,c,d,e,f,g\n") == [{"Vin": "A1"}]


def test_more_lines_than_a_document_may_have_are_refused() -> None:
    assert refused("vin\n" + "A\n" * 50_001).problems[0].code == "too_many_records"


# JSON


def test_json_paths_filter_step_back_and_give_json() -> None:
    document = {
        "source": "S",
        "cars": [
            {"vin": "A1", "codes": [{"c": "P1", "bad": True}, {"c": "P2"}, {"c": "P3", "bad": True}]},
            {"vin": "A2", "codes": []},
        ],
    }
    targets = fields(
        Vin="$.vin",
        Source="$document.source",
        Bad={"all": {"path": "$.codes[?@.bad == true].c"}},
        Raw={"path": "$.codes"},
        Nothing="$.nothing.there",
    )

    found = seen(json.dumps(document), format="json", root="$.cars[*]", message_key=["$.vin"], targets=targets)

    assert found[0] | {"Raw": ""} == {"Vin": "A1", "Source": "S", "Bad": "P1, P3", "Raw": ""}
    assert json.loads(found[0]["Raw"])[0] == {"c": "P1", "bad": True}


def test_a_list_as_the_whole_document_is_its_items_and_several_roots_are_tried() -> None:
    body: dict[str, Any] = {
        "format": "json",
        "root": ["$.cars[*]", "$"],
        "message_key": ["$.vin"],
        "targets": fields(Vin="$.vin"),
    }

    for document in ([{"vin": "A1"}], {"cars": [{"vin": "A1"}]}, {"vin": "A1"}):
        assert seen(json.dumps(document), **body) == [{"Vin": "A1"}]


def test_nested_targets_refer_to_the_record_that_they_lie_in() -> None:
    document = {"orders": [{"n": "1", "lines": [{"p": "a"}, {"p": "b"}]}, {"n": "2", "lines": [{"p": "c"}]}]}
    targets = [
        {"name": "order", "object": "Order", "each": "$.orders[*]", "fields": {"Number": "$.n"}},
        {
            "object": "Line",
            "within": "order",
            "each": "$.lines[*]",
            "fields": {"OrderId": {"record": "order"}, "Part": "$.p"},
        },
    ]

    [unit] = units_of(json.dumps(document).encode(), mapping(format="json", root="$", message_key=[], targets=targets))

    assert [(each.values["Part"], each.within) for each in unit.records if each.object_name == "Line"] == [
        ("a", ("order", 0)),
        ("b", ("order", 0)),
        ("c", ("order", 1)),
    ]


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"a":' * 90_000 + b"1" + b"}" * 90_000, b"[" * 200 + b"]" * 200])
def test_json_that_is_nested_without_end_is_refused(content: bytes) -> None:
    assert refused(content, format="json", root="$").problems[0].code in ("json_parser_error", "too_deep")


def test_a_document_over_its_mappings_limit_is_refused() -> None:
    assert refused("vin\n" + "A" * 100, max_bytes=50).problems[0].code == "request_too_large"
