"""What a search asks of one object: which fields, for which words, in which forms; as conditions of a query tree.

A word is found anywhere in a value, whatever the case. Two ideographs, a number in another spelling and a misspelled
name have forms and indexes of their own (`sql/search_forms.py`). Only what the user sees in clear is compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_metadata.soql.tree import (
    And,
    Comparison,
    Condition,
    Literal,
    Not,
    Operator,
    Or,
    Path,
    SearchAll,
    SearchAny,
    SearchExpression,
    SearchForm,
    SearchNone,
    SearchTerm,
)
from chassis_platform.plan.names import Names
from chassis_platform.plan.problems import refuse

SHORTEST_TERM = 2
_SHORTEST_NUMBER = 5
_SHORTEST_MISSPELLED = 4
#: So many last digits tell a number apart, however its country is written before it.
_TELLING_DIGITS = 10
_PART_OF_NAME = frozenset({"FirstName", "LastName", "MiddleName"})
_IDEOGRAPHS = re.compile(r"[\u3400-\u9fff]{2}")
_NUMBER = re.compile(r"\+?[\d\s().\-/]+")
_LATIN = re.compile(r"[a-z][a-z'\- ]*", re.IGNORECASE)
_WILDCARD = re.compile(r"\\(.)|([*?])|([%_\\])", re.DOTALL)
_TEXTS = frozenset({FieldType.TEXT})


def fields_searched(obj: Object, names: Names, group: str) -> list[Field]:
    """The fields that a search of `IN … FIELDS` looks into: those of the kind that the user may read."""
    searched = (each for each in names.readable_fields(obj) if each.is_name or each.searchable)
    found = [each for each in searched if not each.is_compound and each.traits.filterable]
    match group:
        case "NAME":
            return [each for each in found if each.is_name or each.name in _PART_OF_NAME]
        case "EMAIL":
            return [each for each in found if each.type is FieldType.EMAIL]
        case "PHONE":
            return [each for each in found if each.type is FieldType.PHONE]
    return found


def found_in(
    expression: SearchExpression, fields: Sequence[Field], *, lookups: frozenset[str], misspelled: bool
) -> Condition:
    """The records in which the expression is found. `lookups`: masked fields that whole values may be looked up in."""

    def condition(part: SearchExpression) -> Condition:
        match part:
            case SearchAll(terms):
                apart = And(tuple(map(condition, terms)))
                number = _number_of(terms)
                return apart if number is None else Or((apart, condition(number)))
            case SearchAny(terms):
                return Or(tuple(map(condition, terms)))
            case SearchNone(term):
                return Not(condition(term))
            case SearchTerm():
                found = tuple(_of_term(part, fields, lookups, misspelled=misspelled))
                return found[0] if len(found) == 1 else Or(found)

    return condition(expression)


def _number_of(terms: Sequence[SearchExpression]) -> SearchTerm | None:
    """`138 0001 2345` is one number, too."""
    words = [each.text for each in terms if isinstance(each, SearchTerm)]
    joined = " ".join(words)
    is_number = len(words) == len(terms) and _digits(joined) is not None
    return SearchTerm(joined, is_phrase=True) if is_number else None


def demand_length(expression: SearchExpression) -> None:
    """Refuse a word of one letter, which stands nearly everywhere."""
    match expression:
        case SearchAll(terms) | SearchAny(terms):
            for each in terms:
                demand_length(each)
        case SearchNone(term):
            demand_length(term)
        case SearchTerm(text) if len(_plain(text)) < SHORTEST_TERM:
            raise refuse("malformed_search", f"search term must be longer than one character: {text}")


def _of_term(
    term: SearchTerm, fields: Iterable[Field], lookups: frozenset[str], *, misspelled: bool
) -> Iterator[Condition]:
    plain = _plain(term.text)
    form = SearchForm.PAIR if _IDEOGRAPHS.fullmatch(plain) else None
    for field in _that_hold(fields, form):
        path = Path((field.name,))
        like = Literal(f"%{_pattern(term.text)}%")
        yield Comparison(path, Operator.LIKE, like, as_seen=True, form=form)
        if field.type is FieldType.PHONE and (digits := _digits(plain)):
            number = Literal(f"%{digits}%")
            yield Comparison(path, Operator.LIKE, number, as_seen=True)
            yield Comparison(path, Operator.LIKE, number, as_seen=True, form=SearchForm.DIGITS)
        if misspelled and field.type in _TEXTS and _may_be_misspelled(term.text, plain):
            yield Comparison(path, Operator.LIKE, Literal(plain), as_seen=True, form=SearchForm.MISSPELLED)
        if field.name in lookups:
            yield Comparison(path, Operator.EQUALS, Literal(plain))


def _that_hold(fields: Iterable[Field], form: SearchForm | None) -> list[Field]:
    """Ideographs stand in names and texts; no index finds two of them elsewhere. Names are there in any case."""
    listed = list(fields)
    return [each for each in listed if each.type in _TEXTS or each.is_name] or listed if form else listed


def _may_be_misspelled(text: str, plain: str) -> bool:
    return text == plain and len(plain) >= _SHORTEST_MISSPELLED and _LATIN.fullmatch(plain) is not None


def _digits(text: str) -> str | None:
    """The digits of a number, without its country where it is long enough to do without."""
    digits = re.sub(r"\D", "", text)
    if len(digits) < _SHORTEST_NUMBER or not text.isascii() or not _NUMBER.fullmatch(text):
        return None
    return digits[-_TELLING_DIGITS:]


def _plain(text: str) -> str:
    """The letters, without wildcards; escaped ones are letters."""
    return _WILDCARD.sub(lambda match: match[1] or match[3] or "", text).strip()


def _pattern(text: str) -> str:
    """As LIKE has it: `*` for any letters, `?` for one, all else for itself."""
    return _WILDCARD.sub(_like, text)


def _like(match: re.Match[str]) -> str:
    if match[2]:
        return "%" if match[2] == "*" else "_"
    letter = match[1] or match[3]
    return f"\\{letter}" if letter in "%_\\" else letter
