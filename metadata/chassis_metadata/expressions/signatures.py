"""A function's name, its parameters and what it answers, as the catalogue writes them."""

from __future__ import annotations

from dataclasses import dataclass

from chassis_metadata.expressions.kinds import TEXT_LIKE, Kind

_ANY = frozenset(Kind)
_MOMENTS = frozenset({Kind.DATE, Kind.DATETIME})

#: Words of the catalogue to the kinds that are accepted. NULL is accepted everywhere.
ACCEPTED: dict[str, frozenset[Kind]] = {
    "text": TEXT_LIKE | {Kind.MULTI_PICKLIST},
    "number": frozenset({Kind.NUMBER}),
    "boolean": frozenset({Kind.BOOLEAN}),
    "date": frozenset({Kind.DATE}),
    "datetime": frozenset({Kind.DATETIME}),
    "time": frozenset({Kind.TIME}),
    "moment": _MOMENTS,
    "timed": frozenset({Kind.TIME, Kind.DATETIME}),
    "instant": _MOMENTS | {Kind.TIME},
    "date_or_text": _MOMENTS | TEXT_LIKE,
    "time_or_text": frozenset({Kind.TIME, Kind.DATETIME}) | TEXT_LIKE,
    "multi_picklist": frozenset({Kind.MULTI_PICKLIST}) | TEXT_LIKE,
    "location": frozenset({Kind.LOCATION}),
    "shown": _ANY - {Kind.BOOLEAN, Kind.LOCATION},
    "blankable": _ANY - {Kind.BOOLEAN},
    "any": _ANY,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one argument may be."""

    word: str
    optional: bool = False
    repeated: bool = False

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that are accepted."""
        return ACCEPTED[self.word]


@dataclass(frozen=True, slots=True)
class Signature:
    """`returns` is a kind's name, or `first`: the kind of the first argument."""

    name: str
    usage: str
    parameters: tuple[Parameter, ...]
    returns: str
    section: str
    description: str
    special: bool = False  # arguments are checked by a rule of their own

    @property
    def fewest(self) -> int:
        """How many arguments it needs at least."""
        return sum(not each.optional for each in self.parameters)

    @property
    def most(self) -> int:
        """How many arguments it takes at most."""
        return 1_000 if any(each.repeated for each in self.parameters) else len(self.parameters)

    def parameter(self, index: int) -> Parameter:
        """The parameter of the argument at `index`."""
        return self.parameters[min(index, len(self.parameters) - 1)]


def signature(section: str, line: str) -> Signature:
    """Read `LEFT(text, number) text: What it answers.`; `?` is optional, `*` repeated, `!` has rules of its own."""
    head, description = line.split(": ", 1)
    usage, returns = head.rsplit(" ", 1)
    name, inner = usage.rstrip(")").split("(", 1)
    special = inner.startswith("!")
    words = [] if special else [word for word in inner.split(", ") if word]
    parameters = tuple(Parameter(word.rstrip("?*"), word.endswith(("?", "*")), word.endswith("*")) for word in words)
    return Signature(name, usage.replace("!", ""), parameters, returns, section, description, special)
