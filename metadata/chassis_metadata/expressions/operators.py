"""Which kinds may be added, subtracted and compared, and what comes out."""

from __future__ import annotations

from chassis_metadata.expressions.kinds import TEXT_LIKE, Kind, common_kind

_SUMS: dict[tuple[str, Kind, Kind], Kind] = {
    ("+", Kind.NUMBER, Kind.NUMBER): Kind.NUMBER,
    ("-", Kind.NUMBER, Kind.NUMBER): Kind.NUMBER,
    ("+", Kind.NUMBER, Kind.DATE): Kind.DATE,
    ("+", Kind.NUMBER, Kind.DATETIME): Kind.DATETIME,
    ("+", Kind.DATE, Kind.NUMBER): Kind.DATE,
    ("-", Kind.DATE, Kind.NUMBER): Kind.DATE,
    ("-", Kind.DATE, Kind.DATE): Kind.NUMBER,
    ("+", Kind.DATETIME, Kind.NUMBER): Kind.DATETIME,
    ("-", Kind.DATETIME, Kind.NUMBER): Kind.DATETIME,
    ("-", Kind.DATETIME, Kind.DATETIME): Kind.NUMBER,
    ("+", Kind.TIME, Kind.NUMBER): Kind.TIME,
    ("-", Kind.TIME, Kind.NUMBER): Kind.TIME,
    ("-", Kind.TIME, Kind.TIME): Kind.NUMBER,
}

_INCOMPARABLE = frozenset({Kind.LOCATION})
_UNORDERED = frozenset({Kind.LOCATION, Kind.BOOLEAN, Kind.MULTI_PICKLIST})


def added(sign: str, left: Kind, right: Kind) -> Kind | None:
    """The kind of `left + right` or `left - right`, or None where that makes no sense."""
    if Kind.NULL in (left, right):
        return _beside_blank(left if right is Kind.NULL else right)
    if sign == "+" and left in TEXT_LIKE and right in TEXT_LIKE:
        return Kind.TEXT
    return _SUMS.get((sign, left, right))


def _beside_blank(other: Kind) -> Kind | None:
    """With a blank, the answer is blank, whatever it would be."""
    return Kind.NULL if other not in {Kind.BOOLEAN, Kind.LOCATION} else None


def comparable(sign: str, left: Kind, right: Kind) -> bool:
    """Whether values of the two kinds can be compared with the sign."""
    excluded = _INCOMPARABLE if sign in {"=", "<>"} else _UNORDERED
    textual = left in TEXT_LIKE | {Kind.MULTI_PICKLIST} and right in TEXT_LIKE | {Kind.MULTI_PICKLIST}
    return left not in excluded and right not in excluded and (textual or common_kind(left, right) is not None)
