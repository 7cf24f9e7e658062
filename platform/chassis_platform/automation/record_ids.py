"""The records that somebody names by their ids, checked before anything is asked of the database."""

from __future__ import annotations

from collections.abc import Sequence

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import Object

MOST_RECORDS = 200


def ids_of(obj: Object, named: object) -> list[str]:
    """Each id once, in its long form. Raises Invalid for what is no list of some ids of the object's records."""
    if isinstance(named, str) or not isinstance(named, Sequence) or not 0 < len(named) <= MOST_RECORDS:
        raise Invalid.of("invalid_field", f"recordIds names 1 to {MOST_RECORDS} records.", fields=["recordIds"])
    wrong = [each for each in named if not is_id(each) or each[:3] != obj.key_prefix]
    if wrong:
        raise Invalid.of("malformed_id", f"{str(wrong[0])[:40]!r} is no id of {obj.label}.", fields=["recordIds"])
    return list(dict.fromkeys(normal_id(each) for each in named))
