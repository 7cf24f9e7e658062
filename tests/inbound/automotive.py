"""The automotive package's mappings, read from its files, and documents to try them on."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chassis_metadata.components import FunctionDefinition, InboundMapping
from chassis_metadata.errors import Invalid
from chassis_metadata.function_files import attach_function_files
from chassis_metadata.parse import parse_component
from chassis_metadata.yaml_text import read_yaml
from chassis_platform.documents.expressions import Setting
from chassis_platform.documents.questions import LookupKey, Question
from chassis_platform.documents.reading import read_by
from chassis_platform.inbound.mapping import Reader, Unit

ROOT = Path(__file__).parents[2]
AUTOMOTIVE = ROOT / "packages" / "automotive"
DOCUMENTS = Path(__file__).parent / "documents"
TODAY = date(2026, 11, 22)


def _body(folder: str, name: str) -> dict[str, Any]:
    file = AUTOMOTIVE / folder / f"{name}.yaml"
    body: dict[str, Any] = read_yaml(file.read_text(encoding="utf-8"), file.name).value
    return body


@lru_cache
def mapping(name: str) -> InboundMapping:
    made = parse_component("inbound", name, _body("inbound", name))
    assert isinstance(made, InboundMapping)
    return made


@lru_cache
def vin_decode() -> FunctionDefinition:
    functions = {"vin_decode": _body("functions", "vin_decode")}
    assert attach_function_files(AUTOMOTIVE, functions) == []
    made = parse_component("function", "vin_decode", functions["vin_decode"])
    assert isinstance(made, FunctionDefinition)
    return made


def setting() -> Setting:
    return Setting({"vin_decode": vin_decode()}, "005RUNASUSER", ZoneInfo("Asia/Shanghai"), TODAY)


def document(name: str) -> bytes:
    return (DOCUMENTS / name).read_bytes()


def units_of(
    content: bytes,
    by: InboundMapping | str = "adf",
    content_type: str | None = None,
    answers: dict[tuple[str, str, str, str], str] | None = None,
) -> tuple[Unit, ...]:
    """The units of a document; look-ups find what `answers` holds, and nothing else."""
    used = mapping(by) if isinstance(by, str) else by
    reader = Reader(read_by(used.body, content, content_type), used, setting())
    known: dict[Question, Any] = {}
    for _ in range(10):
        reading = reader.read(known)
        if not reading.wanted:
            problems = [problem for unit in reading.units for problem in unit.problems]
            if problems:
                raise Invalid(problems)
            return reading.units
        known |= {key: _answer(key, answers or {}) for key in reading.wanted}
    raise AssertionError(known)


def _answer(key: Question, answers: dict[tuple[str, str, str, str], str]) -> str | None:
    assert isinstance(key, LookupKey)
    return answers.get((key.object_name, ", ".join(key.by), ", ".join(key.values), key.take))


def values(unit: Unit, target: str) -> list[dict[str, Any]]:
    return [dict(record.values) for record in unit.records if record.target == target]
