"""Filters and PATCH without a server: what the standard says, and whatever a stranger may send."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis_platform.auth.federation.scim.conditions import USER_FIELDS, Asked, condition_of
from chassis_platform.auth.federation.scim.filters import AllOf, AnyOf, Compare, Not, parse_filter, parse_path
from chassis_platform.auth.federation.scim.patch import apply_patch, read_resource
from chassis_platform.auth.federation.scim.problems import ScimError
from chassis_platform.auth.federation.scim.schema import GROUPS, USERS

BAD_REQUEST = 400
WORDS = ["userName", "emails", "name.familyName", "eq", "co", "pr", "and", "or", "not", "(", ")", "[", "]", '"x"', "1"]
PIECES = st.lists(
    st.sampled_from([*WORDS, "true", "value", ".value", "type", "urn:a:b:c", '"\\u0000"', "é", ":"]), max_size=14
)
PATHS = st.one_of(PIECES.map(" ".join), PIECES.map("".join), st.text(max_size=40))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "type", "primary", "$ref", "givenName", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "replace", "remove", "Add", "move", ""])},
    optional={
        "path": PATHS | st.sampled_from(["emails", "name", 'emails[type eq "work"].value', "members"]),
        "value": VALUES,
    },
)
PERSON: dict[str, Any] = {
    "userName": "ann@dir.example",
    "name": {"familyName": "Lee"},
    "emails": [{"value": "ann@dir.example", "type": "work", "primary": True}],
}


def refusal(run: Callable[[], object]) -> str | None:
    """The kind of the refusal, all of which are 400; None where there was none."""
    try:
        run()
    except ScimError as error:
        return error.kind if error.status == BAD_REQUEST else "status"
    return None


def test_and_binds_closer_than_or_and_not_closest() -> None:
    found = parse_filter('not (title pr) or active eq true and userName sw "a"')
    assert isinstance(found, AnyOf)
    assert isinstance(found.parts[0], Not)
    assert isinstance(found.parts[1], AllOf)


def test_a_path_has_schema_filter_and_part() -> None:
    path = parse_path('urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work"].value')
    assert (path.path.name, path.part) == ("emails", "value")
    assert isinstance(path.filter, Compare)


def test_texts_are_unescaped_and_patterns_escaped() -> None:
    found = parse_filter(r'userName co "a\"%_\u00e9"')
    condition = condition_of(found, Asked(USER_FIELDS, {}))
    assert condition.value.value == '%a"\\%\\_é%'  # type: ignore[union-attr]


def test_a_new_primary_value_takes_the_place_of_the_old() -> None:
    added = {"op": "add", "path": "emails", "value": [{"value": "new@dir.example", "primary": True}]}
    emails = apply_patch(USERS, PERSON, {"Operations": [added]})["emails"]
    assert [(each["value"], each.get("primary")) for each in emails] == [
        ("ann@dir.example", False),
        ("new@dir.example", True),
    ]


@given(PATHS)
def test_any_filter_is_understood_or_refused(text: str) -> None:
    kind = refusal(lambda: condition_of(parse_filter(text), Asked(USER_FIELDS, {})))
    assert kind in (None, "invalidFilter")


@given(PATHS)
def test_any_path_is_understood_or_refused(text: str) -> None:
    assert refusal(lambda: parse_path(text)) in (None, "invalidPath")


@given(st.lists(OPERATIONS, max_size=4), st.sampled_from([USERS, GROUPS]))
def test_any_patch_is_applied_or_refused_and_leaves_the_original(operations: list[dict[str, Any]], kind: Any) -> None:
    before = copy.deepcopy(PERSON)
    refusal(lambda: read_resource(kind, apply_patch(kind, PERSON, {"Operations": operations})))
    assert before == PERSON


@pytest.mark.parametrize("depth", [25, 900])
def test_a_filter_that_is_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(ScimError):
        parse_filter("(" * depth + "active pr" + ")" * depth)
