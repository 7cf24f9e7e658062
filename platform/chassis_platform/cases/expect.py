"""What must be so after a step: errors, records, queries, approvers, messages. Answers what is not, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from chassis_metadata.errors import ChassisError, Problem
from chassis_platform.cases.stage import Stage, at_path

Expected = Mapping[str, Any]


async def differences(stage: Stage, expected: Expected, problems: Sequence[Problem]) -> list[str]:
    """Everything that is not as expected; an empty list: all is."""
    found = list(await _errors(stage, expected.get("errors", ()), problems))
    if "warnings" in expected:
        found += _warnings(expected["warnings"], [each.message for each in stage.warnings])
    for name, values in expected.get("records", {}).items():
        found += await _record(stage, name, values)
    for each in expected.get("queries", ()):
        found += await _query(stage, each)
    for name, approvers in expected.get("pending", {}).items():
        found += await _pending(stage, name, approvers)
    for name, texts in expected.get("notified", {}).items():
        found += await _notified(stage, name, texts)
    if "mails" in expected:
        found += await _mails(stage, expected["mails"])
    return found


async def _errors(stage: Stage, expected: Sequence[Expected], problems: Sequence[Problem]) -> Iterator[str]:
    wanted = [await _with_message(stage, each) for each in expected]
    left = list(problems)
    lines = []
    for each in wanted:
        match = next((problem for problem in left if _is_that(each, problem)), None)
        if match is None:
            lines.append(f"expected the error {dict(each)}")
        else:
            left.remove(match)
    return iter(lines + [f"refused: {each.code}: {each.message} {list(each.fields)}" for each in left])


def _warnings(expected: Sequence[str], answered: Sequence[str]) -> Iterator[str]:
    left = list(answered)
    for text in expected:
        match = next((each for each in left if text in each), None)
        if match is None:
            yield f"expected the warning {text!r}"
        else:
            left.remove(match)
    yield from (f"warned: {each}" for each in left)


async def _with_message(stage: Stage, each: Expected) -> Expected:
    """A rule by name or id stands for its message."""
    if "rule" not in each:
        return each
    rules = (await stage.operator()).snapshot.logic_of("validation_rule")
    for rule in rules.values():
        if each["rule"] in (rule.name, rule.full_name, rule.body.get("id")):
            return {**each, "message": rule.body["message"]}
    return {**each, "message": f"(there is no rule {each['rule']})"}


def _is_that(expected: Expected, problem: Problem) -> bool:
    fields = set(problem.fields) | {problem.path}
    return (
        str(expected.get("message", "")) in problem.message
        and expected.get("code", problem.code).lower() == problem.code.lower()
        and expected.get("field", problem.path) in fields
    )


async def _record(stage: Stage, name: str, values: Expected) -> list[str]:
    if name not in stage.ids:
        return [f"there is no record {name!r}"]
    paths = [path for path in values if path != "gone"]
    selected = ", ".join(["Id", *(path for path in paths if path != "Id")])
    rows = await stage.rows(f"SELECT {selected} FROM {stage.objects[name]} WHERE Id = '{stage.ids[name]}'")
    if values.get("gone"):
        return [f"{name} is still there"] if rows else []
    if not rows:
        return [f"{name} is not there"]
    found: list[str] = []
    for path in paths:
        found += await _value(stage, f"{name}.{path}", values[path], at_path(rows[0], path))
    return found


async def _value(stage: Stage, where: str, expected: Any, actual: Any) -> list[str]:
    wanted = await stage.value(expected)
    return [] if is_same(wanted, actual) else [f"{where} is {actual!r}, expected {wanted!r}"]


def is_same(expected: Any, actual: Any) -> bool:
    """Whether a value of the API is what a case says: numbers and moments by value, `{matches: …}` by pattern."""
    if isinstance(expected, Mapping):
        return _is_matched(expected, actual)
    if isinstance(expected, bool) or isinstance(actual, bool) or expected is None or actual is None:
        return expected is actual
    if isinstance(expected, int | float):
        return isinstance(actual, int | float) and Decimal(str(expected)) == Decimal(str(actual))
    return str(expected) == str(actual) or _same_number(expected, actual) or _same_moment(str(expected), str(actual))


def _is_matched(expected: Expected, actual: Any) -> bool:
    if "matches" in expected:
        return re.search(str(expected["matches"]), str(actual)) is not None
    if "about" in expected:
        return actual is not None and abs(float(actual) - float(expected["about"])) <= 0.01  # noqa: PLR2004  cents
    if "not" in expected:
        return not is_same(expected["not"], actual)
    return bool(expected == actual)


def _same_number(expected: Any, actual: Any) -> bool:
    try:
        return isinstance(actual, int | float) and Decimal(str(expected)) == Decimal(str(actual))
    except InvalidOperation:
        return False


def _same_moment(expected: str, actual: str) -> bool:
    try:
        return datetime.fromisoformat(expected) == datetime.fromisoformat(actual)
    except (TypeError, ValueError):
        return False


async def _query(stage: Stage, expected: Expected) -> list[str]:
    text = str(await stage.value(expected["query"]))
    try:
        rows = await stage.rows(text, as_user=expected.get("as"))
    except ChassisError as error:
        codes = [each.code for each in error.problems]
        return [] if expected.get("refused") in codes else [f"{text} is refused: {error}"]
    lines = [f"{text} is not refused"] if "refused" in expected else []
    if "count" in expected and len(rows) != expected["count"]:
        lines.append(f"{expected['query']} finds {len(rows)}, expected {expected['count']}")
    if "rows" in expected:
        if len(rows) != len(expected["rows"]):
            lines.append(f"{expected['query']} finds {len(rows)} rows, expected {len(expected['rows'])}")
        for number, (wanted, row) in enumerate(zip(expected["rows"], rows, strict=False), 1):
            for path, value in wanted.items():
                lines += await _value(stage, f"row {number} {path}", value, at_path(row, path))
    return lines


async def _pending(stage: Stage, name: str, expected: Sequence[str]) -> list[str]:
    rows = await stage.rows(f"SELECT ActorId FROM ProcessInstanceWorkitem WHERE TargetObjectId = '{stage.ids[name]}'")
    wanted = sorted([str(await stage.value(each if each.startswith("@") else f"@{each}")) for each in expected])
    actual = sorted(each["ActorId"] for each in rows)
    if wanted == actual:
        return []
    names = {record_id: known for known, record_id in stage.ids.items()}
    return [f"{name} waits for {[names.get(each, each) for each in actual]}, expected {list(expected)}"]


async def _notified(stage: Stage, name: str, expected: Sequence[str] | int) -> list[str]:
    rows = await stage.rows(
        f"SELECT Title, Body FROM Notification WHERE UserId = '{stage.ids[name]}' ORDER BY CreatedDate, Id"
    )
    if isinstance(expected, int):
        return [] if len(rows) == expected else [f"{name} was told {len(rows)} times, expected {expected}: {rows}"]
    texts = [f"{each['Title']} {each['Body']}" for each in rows]
    return [f"{name} was not told {each!r}: {texts}" for each in expected if not any(each in text for text in texts)]


async def _mails(stage: Stage, expected: Sequence[Expected]) -> list[str]:
    rows = await stage.rows("SELECT ToAddress, Subject, TextBody FROM EmailMessage ORDER BY CreatedDate, Id")
    lines = [] if len(rows) == len(expected) else [f"{len(rows)} mails, expected {len(expected)}: {rows}"]
    for wanted, row in zip(expected, rows, strict=False):
        to = stage.usernames.get(str(wanted.get("to", "")), wanted.get("to", ""))
        for text, actual in ((to, row["ToAddress"]), (wanted.get("subject", ""), row["Subject"])):
            if str(text) not in str(actual):
                lines.append(f"a mail has {actual!r}, expected {text!r}")
        if str(wanted.get("body", "")) not in str(row["TextBody"]):
            lines.append(f"the mail {row['Subject']!r} does not say {wanted['body']!r}: {row['TextBody']!r}")
    return lines
