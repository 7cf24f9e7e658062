from __future__ import annotations

import base64
import csv
import gzip
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid
from chassis_metadata.forms import complaints
from chassis_metadata.function_decoder import fits, positions
from chassis_metadata.function_files import attach_function_files
from chassis_metadata.functions import checksum_problem, evaluate
from chassis_metadata.parse import parse_component
from chassis_metadata.yaml_text import read_yaml

AUTOMOTIVE = Path(__file__).parents[2] / "packages" / "automotive"
TODAY = date(2026, 11, 22)


@lru_cache
def function(name: str) -> FunctionDefinition:
    file = AUTOMOTIVE / "functions" / f"{name}.yaml"
    functions = {name: read_yaml(file.read_text(), file.name).value}
    assert attach_function_files(AUTOMOTIVE, functions) == []
    definition = parse_component("function", name, functions[name])
    assert isinstance(definition, FunctionDefinition)
    return definition


def decoded(vin: str) -> Mapping[str, Any]:
    found = evaluate(function("vin_decode"), vin, today=TODAY)
    assert isinstance(found, Mapping)
    return found


@lru_cache
def used_cars() -> list[dict[str, str]]:
    file = Path(__file__).parent / "used_cars_vin_decoded.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize(
    "vin", ["1M8GDM9AXKP042788", "11111111111111111", "5GZCZ43D13S812715", "1HGCM82633A004352", "LA9E1AB1XR0000124"]
)
def test_a_right_check_digit_passes(vin: str) -> None:
    assert checksum_problem(function("vin_check_digit"), vin) is None
    assert checksum_problem(function("vin_check_digit"), vin.lower()) is None


@pytest.mark.parametrize(
    ("vin", "message"),
    [
        ("1HGCM82643A004352", "The VIN check digit does not match."),
        ("LA9E1AB19R0000123", "The VIN check digit does not match."),
        ("1HGCM82633A00435", "A VIN has 17 characters, digits and letters without I, O and Q."),
        ("1HGCM82633AO04352", "A VIN has 17 characters, digits and letters without I, O and Q."),
        ("WBA1", "A VIN has 17 characters, digits and letters without I, O and Q."),
        ("", "A VIN has 17 characters, digits and letters without I, O and Q."),
    ],
)
def test_a_wrong_value_is_refused_with_the_declared_message(vin: str, message: str) -> None:
    assert checksum_problem(function("vin_check_digit"), vin) == message


def test_where_the_function_only_warns_a_wrong_digit_passes_but_is_told() -> None:
    assert checksum_problem(function("vin_check_digit"), "WBAPH7G50BNN05983") is None

    told = evaluate(function("vin_check_digit"), "WBAPH7G50BNN05983")

    assert told == {"valid": False, "message": "The VIN check digit does not match.", "strictness": "warn"}


def test_all_real_vins_have_the_right_check_digit() -> None:
    wrong = [car["vin"] for car in used_cars() if checksum_problem(function("vin_check_digit"), car["vin"])]

    assert (len(used_cars()), wrong) == (1214, [])


@given(place=st.integers(0, 16), other=st.sampled_from("0123456789ABCDEFGHJKLMNPRSTUVWXYZ"))
def test_one_wrong_character_is_found_unless_it_counts_the_same(place: int, other: str) -> None:
    right = "1M8GDM9AXKP042788"
    wrong = right[:place] + other + right[place + 1 :]
    worth = dict(function("vin_check_digit").body["characters"]) | {str(digit): digit for digit in range(10)}
    same = other == right[place] if place == 8 else worth[other] == worth[right[place]]

    problem = checksum_problem(function("vin_check_digit"), wrong)

    assert (problem is None) == same or place == 0


@pytest.mark.parametrize(("column", "name"), [("make", "Make"), ("model", "Model"), ("year", "Year")])
def test_real_vins_are_decoded_as_another_decoder_does(column: str, name: str) -> None:
    agreed = [car for car in used_cars() if str(decoded(car["vin"]).get(name, "")) == car[f"decoded_{column}"]]

    assert len(agreed) / len(used_cars()) >= 0.99


def test_a_decoded_vin_says_what_the_car_is() -> None:
    found = decoded("2FMDK3GC4BBB02217")

    expected = {"Year": 2011, "Make": "Ford", "Model": "Edge", "Trim": "SE", "Doors": "4", "FuelType": "Gasoline"}
    assert expected.items() <= found.items()


def test_a_year_more_than_one_ahead_of_today_is_the_earlier_one() -> None:
    assert decoded("1FDEE14N7RHA47894")["Year"] in (1994, 2024)
    found = evaluate(function("vin_decode"), "1FDEE14N7RHA47894", today=date(2010, 1, 1))
    assert isinstance(found, Mapping)
    assert found["Year"] == 1994


@pytest.mark.parametrize("value", ["", "ABC", "0" * 17, "x" * 5000, "OOOOOOOOOOOOOOOOO"])
def test_what_is_no_vin_or_of_no_known_maker_decodes_to_nothing(value: str) -> None:
    assert evaluate(function("vin_decode"), value, today=TODAY) is None


@given(st.text(alphabet="ABCDEFGHJKLMNPRSTUVWXYZ0123456789", min_size=17, max_size=17) | st.text())
def test_no_value_breaks_a_function(value: str) -> None:
    evaluate(function("vin_decode"), value, today=TODAY)
    evaluate(function("vin_check_digit"), value)


@pytest.mark.parametrize(
    ("keys", "text", "expected"),
    [
        ("PE[78]", "PE7AB|C", True),
        ("PE[78]", "PE9AB|C", False),
        ("*****|*F", "ABCDE|XFG", True),
        ("*****|*F", "ABCDE|XGG", False),
        ("[A-C3]*", "3X", True),
        ("[A-C3]*", "DX", False),
        ("ABC", "AB", False),
        ("", "AB", True),
        ("[]A", "xA", False),
    ],
)
def test_a_pattern_matches_the_beginning(keys: str, text: str, *, expected: bool) -> None:
    assert fits(keys, text) is expected


def test_positions_count_from_one() -> None:
    assert positions("ABCDEFGHIJ", "2-4|6+8-9") == "BCD|FHI"


def table(content: bytes, **body: object) -> FunctionDefinition:
    files = {"codes.csv": base64.b64encode(content).decode()}
    whole = {"label": "Codes", "kind": "table", "data": "codes.csv", "key": "code", "values": {"Text": "text"}}
    made = parse_component("function", "codes", {**whole, "files": files, **body})
    assert isinstance(made, FunctionDefinition)
    return made


def test_a_table_answers_the_row_of_a_key_in_any_case() -> None:
    codes = table(b'code,text\nP0301,"Cylinder 1, misfire"\nP0302,\n')

    assert evaluate(codes, " p0301 ") == {"Text": "Cylinder 1, misfire"}
    assert evaluate(codes, "P0302") == {}
    assert evaluate(codes, "P0303") is None


def test_a_table_by_prefix_takes_the_longest() -> None:
    codes = table(b"code,text\n86,China\n8610,Beijing\n", match="prefix")

    assert evaluate(codes, "86108888") == {"Text": "Beijing"}
    assert evaluate(codes, "8622") == {"Text": "China"}
    assert evaluate(codes, "49") is None


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x1f\x8b\x08broken", b"", b"other\n1\n"])
def test_a_data_file_that_is_none_is_told(content: bytes) -> None:
    with pytest.raises(Invalid):
        evaluate(table(content), "x")


def test_a_data_file_that_unpacks_without_end_is_refused() -> None:
    bomb = gzip.compress(b"code,text\n" + b"a" * (65 * 1024 * 1024))

    with pytest.raises(Invalid, match="unpacks to at most"):
        evaluate(table(bomb), "x")


def test_a_data_file_is_read_from_beside_the_function_only() -> None:
    functions = {"codes": {"data": "../secret.csv"}, "other": {"prefix": {"data": "missing.csv"}}}

    problems = attach_function_files(AUTOMOTIVE, functions)

    assert [each.code for each in problems] == ["missing_file", "missing_file"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "checksum"}, "required_key_missing"),
        ({"kind": "decoder", "pattern": "x"}, "required_key_missing"),
        ({"kind": "table", "data": "/etc/passwd", "key": "a", "values": {"A": "a"}}, "invalid_format"),
        ({"kind": "table", "code": "import os"}, "unknown_key"),
    ],
)
def test_a_function_that_lacks_something_is_refused(body: dict[str, object], code: str) -> None:
    found = complaints("function", {"label": "X", **body})

    assert code in [each.code for each in found]
