"""Who a provider says that somebody is, in our words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

LONGEST_SUBJECT = 255
MOST_GROUPS = 1000
#: Our user's fields that a provider may name.
FIELDS = ("username", "email", "first_name", "last_name", "title", "language", "time_zone")


@dataclass(frozen=True, slots=True)
class Identity:
    """A subject never changes and is never given to somebody else; everything else may change at every sign-in."""

    subject: str
    fields: Mapping[str, str]
    groups: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def identity_of(document: Mapping[str, Any]) -> Identity:
    """The identity of a document."""
    return Identity(document["subject"], document["fields"], tuple(document["groups"]))


def read_identity(
    subject: str, said: Mapping[str, Sequence[str]], attributes: Mapping[str, str], groups_name: str
) -> Identity:
    """What was said under the provider's names, as our fields; what is not mapped is left out."""
    fields = {field: said[name][0].strip() for field, name in attributes.items() if said.get(name)}
    groups = tuple(dict.fromkeys(said.get(groups_name, ())))[:MOST_GROUPS] if groups_name else ()
    return Identity(subject, {name: value for name, value in fields.items() if value}, groups)
