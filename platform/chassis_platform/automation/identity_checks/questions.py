"""Which questions are offered, and whether what was heard answers them. All pure."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping, Sequence

from chassis_metadata.errors import Invalid
from chassis_metadata.logic.identity_check import Fact, IdentityCheck
from chassis_platform.automation.matching.forms import normal

LONGEST_ANSWER = 255
_NUMBER = re.compile(r"[0-9]+")
_DATE_DIGITS, _DATE_PARTS = 8, 3


def offered(check: IdentityCheck, known: Mapping[str, Sequence[str]], person_id: str, tried: int) -> list[Fact]:
    """The questions of this try, in an order of their own: the same however often they are asked for, until it is made.

    Raises Invalid where too little is known of the person.
    """
    facts = [each for each in check.facts if known.get(each.name)]
    if len(facts) < check.required:
        message = "Too little is known of this person to ask about. Identify them in another way."
        raise Invalid.of("identity_check_impossible", message)

    def order(fact: Fact) -> bytes:
        return hashlib.sha256(f"{check.name}\n{person_id}\n{tried}\n{fact.name}".encode()).digest()

    return sorted(facts, key=order)[: check.offered]


def demand_answers(check: IdentityCheck, asked: Sequence[Fact], answers: Mapping[str, str]) -> None:
    """Enough answers, each to a question that was offered. What is refused here is no try."""
    names = {each.name for each in asked}
    if not names.issuperset(answers):
        message = f"The questions are now: {', '.join(sorted(names))}. Ask these."
        raise Invalid.of("identity_questions_changed", message, path="answers")
    if len([each for each in answers.values() if each.strip()]) < check.required:
        message = f"Give the answers to {check.required} of the questions."
        raise Invalid.of("required_field_missing", message, path="answers")


def are_right(asked: Sequence[Fact], known: Mapping[str, Sequence[str]], answers: Mapping[str, str]) -> bool:
    """Whether every answer that was given is right. Each is compared with every value, whatever the others say."""
    given = [each for each in asked if answers.get(each.name, "").strip()]
    verdicts = [_is_right(each, known[each.name], answers[each.name]) for each in given]
    return bool(verdicts) and all(verdicts)


def _is_right(fact: Fact, known: Sequence[str], heard: str) -> bool:
    wanted = in_form(fact, heard[:LONGEST_ANSWER])
    found = [hmac.compare_digest(in_form(fact, each).encode(), wanted.encode()) for each in known]
    return any(found) and bool(wanted)


def in_form(fact: Fact, text: str) -> str:
    """The text as it is compared."""
    return _as_date(normal(fact.form, text)) if fact.is_date else normal(fact.form, text)


def _as_date(text: str) -> str:
    """Eight digits, year first; what is no date is nothing."""
    parts = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    if len(parts) == 1 and len(parts[0]) == _DATE_DIGITS:
        return str(parts[0])
    return f"{parts[0]:0>4}{parts[1]:0>2}{parts[2]:0>2}" if len(parts) >= _DATE_PARTS else ""
