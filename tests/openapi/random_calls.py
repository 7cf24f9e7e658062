"""Calls made up by Schemathesis from a user's own document, in which names and ids that exist are mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import requests
import schemathesis.openapi
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Not called: a stream does not end, and what ends the caller's session ends the run.
NOT_CALLED = frozenset({"streamEvents", "revokeToken", "revokeTokenByGet"})
_SHARE = 0.75
#: Seconds that a call may wait are taken away, and so is a key that would make each later call the same.
_NOT_SENT = ("wait", "Idempotency-Key")


@dataclass(slots=True)
class Run:
    """Who calls, with which names, ids and bodies, and what no answer may say; then what came of it."""

    url: str
    token: str
    known: Mapping[str, Sequence[Any]]
    bodies: Mapping[str, Any]
    secrets: Sequence[str]
    dice: Random = field(default_factory=lambda: Random(0))  # noqa: S311  the same calls in each run
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    called: dict[str, Counter[int]] = field(default_factory=dict)

    def make(self, document: Mapping[str, Any], calls: int) -> None:
        """About so many calls of all operations of the document."""
        schema = schemathesis.openapi.from_dict(dict(document))
        operations = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
        asked = [each for each in operations if each.definition.raw["operationId"] not in NOT_CALLED]
        times = calls // (len(asked) * len(GenerationMode))
        with requests.Session() as session:
            session.headers["authorization"] = f"Bearer {self.token}"
            for operation in asked:
                # Of few calls, each operation gets a valid one or an invalid one.
                for mode in GenerationMode if times else [self.dice.choice(list(GenerationMode))]:
                    self._call_often(session, operation, mode, max(1, times))

    def _call_often(self, session: requests.Session, operation: Any, mode: GenerationMode, times: int) -> None:
        found = settings(
            max_examples=times,
            database=None,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )

        @found
        @given(case=operation.as_strategy(generation_mode=mode))
        def call(case: Case[Any]) -> None:
            self._call(session, case)

        try:
            call()
        except Unsatisfiable:
            return

    def _call(self, session: requests.Session, case: Case[Any]) -> None:
        below = case.operation.path.partition(".0/")[2].partition("/{")[0]
        for place in (case.path_parameters, case.query, case.body):
            if isinstance(place, dict):
                self._mix_in(place, below)
        whole = self.bodies.get(case.operation.definition.raw["operationId"])
        if whole and isinstance(case.body, dict) and self.dice.random() < _SHARE:
            case.body = self.dice.choice([whole, {**case.body, **whole}])
        places: tuple[Any, ...] = (case.query, case.headers)
        for place in places:
            for name in _NOT_SENT:
                if isinstance(place, MutableMapping):
                    place.pop(name, None)
        answer = case.call(base_url=self.url, session=session, allow_redirects=False, timeout=60)
        self._judge(case, answer)

    def _mix_in(self, place: dict[str, Any], below: str) -> None:
        """Three of four values are some that exist, where any do: of this address (`jobs/query id`), or of the name."""
        for name in sorted(place):
            values = self.known.get(f"{below} {name}") or self.known.get(name)
            if values and self.dice.random() < _SHARE:
                place[name] = self.dice.choice(values)

    def _judge(self, case: Case[Any], answer: Any) -> None:
        name = case.operation.definition.raw["operationId"]
        self.statuses[answer.status_code] += 1
        self.called.setdefault(name, Counter())[answer.status_code] += 1
        body = answer.content.decode("utf-8", "replace")
        for secret in self.secrets:
            if secret in body:
                self.faults.setdefault(f"{name}: leak of {secret}", case.as_curl_command())
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for each in group.exceptions:
                key = f"{name} {answer.status_code}: {type(each).__name__}: {str(each)[:300]}"
                self.faults.setdefault(key, f"{case.as_curl_command()[:600]}\n  -> {body[:400]}")
