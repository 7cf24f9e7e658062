"""What to tell who asks for something that does not exist for them, in the words of the field's API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.soql.tree import Position


def refuse(code: str, message: str, place: Position | None = None, *, fields: tuple[str, ...] = ()) -> Invalid:
    """One problem, with its place in the text where it has one."""
    line, column = (place.line, place.column) if place else (None, None)
    return Invalid(Problem(path="", code=code, message=message, fields=fields, line=line, column=column))


def placed(error: Invalid, place: Position | None) -> Invalid:
    """The same refusal, with this place where it names none."""
    if place is None:
        return error
    return Invalid(
        [each if each.line else replace(each, line=place.line, column=place.column) for each in error.problems]
    )


def unsupported(clause: str, place: Position | None = None) -> Invalid:
    """A clause of the language that this version does not run."""
    return refuse("malformed_query", f"This clause is not supported in this version: {clause}", place)


def masked_field(path: str, asked: str, place: Position | None = None) -> Invalid:
    """A question whose answer would tell what the user sees masked."""
    message = (
        f"field '{path}' can not be {asked}: you see its values masked. "
        "Leave it out, or name the record in another way."
    )
    return refuse("masked_field", message, place, fields=(path,))


def no_object(name: str, known: Iterable[str], place: Position | None = None) -> Invalid:
    """An object that does not exist, or not for this user: nobody can tell which."""
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the"
        f" '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )
    return refuse("invalid_type", message + _near(name, known), place)


def no_field(name: str, entity: str, known: Iterable[str], place: Position | None = None) -> Invalid:
    """A field that does not exist, or not for this user."""
    message = (
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append"
        f" the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate"
        f" names."
    )
    return refuse("invalid_field", message + _near(name, known), place)


def no_relationship(name: str, path: str, known: Iterable[str], place: Position | None = None) -> Invalid:
    """A parent relationship that does not exist, or not for this user."""
    message = (
        f"Didn't understand relationship '{name}' in field path '{path}'. If you are attempting to use a custom"
        f" relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or"
        f" the describe call for the appropriate names."
    )
    return refuse("invalid_field", message + _near(name, known), place)


def no_children(name: str, known: Iterable[str], place: Position | None = None) -> Invalid:
    """A child relationship that does not exist, or not for this user."""
    message = (
        f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a custom"
        f" relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or"
        f" the describe call for the appropriate names."
    )
    return refuse("invalid_type", message + _near(name, known), place)


def _near(name: str, known: Iterable[str]) -> str:
    by_lower_name = {each.lower(): each for each in known}
    near = [by_lower_name[each] for each in get_close_matches(name.lower(), by_lower_name, n=3, cutoff=0.7)]
    return f" Did you mean {' or '.join(near)}?" if near else ""
