"""Java's regular expressions in PostgreSQL's words; what cannot be said there, or would take too long, is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST_PATTERN = 1_000
LARGEST_BOUND = 255  # PostgreSQL's own
LARGEST_SIZE = 5_000  # characters, once every repetition is written out
DEEPEST = 30
MOST_REFERENCES = 2

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": r" \t\n\u000b\f\r"}
_CONTROLS = {"t": r"\t", "n": r"\n", "r": r"\r", "f": r"\f", "e": r"\u001b", "a": r"\u0007"}
_EDGES = {"b": r"\y", "B": r"\Y", "A": r"\A", "z": r"\Z", "Z": r"\Z"}
_PROPERTIES = {
    **dict.fromkeys(("L", "IsL", "Alpha", "IsAlphabetic", "IsLetter"), "[:alpha:]"),
    **dict.fromkeys(("Lu", "IsLu", "Upper", "IsUppercase"), "[:upper:]"),
    **dict.fromkeys(("Ll", "IsLl", "Lower", "IsLowercase"), "[:lower:]"),
    **dict.fromkeys(("N", "Nd", "IsN", "IsNd", "Digit", "IsDigit"), "[:digit:]"),
    **dict.fromkeys(("Alnum",), "[:alnum:]"),
    **dict.fromkeys(("P", "Punct", "IsPunctuation"), "[:punct:]"),
    **dict.fromkeys(("Space", "IsWhite_Space"), "[:space:]"),
    **dict.fromkeys(("IsHan", "script=Han", "sc=Han", "InCJKUnifiedIdeographs"), r"\u3400-\u4dbf\u4e00-\u9fff"),
    **dict.fromkeys(("ASCII",), r"\u0001-\u007f"),
}
_QUANTIFIER = re.compile(r"([*+?]|\{(\d+)(,(\d*))?\})([?+]?)")
_GROUP = re.compile(r"\(\?(:|=|!|<=|<!|<[A-Za-z][A-Za-z0-9]*>)")
_FLAGS = re.compile(r"\(\?([a-z]+)\)")


class Untranslatable(Exception):
    """The pattern is wrong, or has no equivalent."""


@lru_cache(maxsize=1_000)
def translated(pattern: str) -> str:
    """A pattern for `~` that matches whole texts as Java's `matches()` would. Raises Untranslatable."""
    if len(pattern) > LONGEST_PATTERN:
        raise Untranslatable(f"The pattern has {len(pattern)} characters; {LONGEST_PATTERN} are allowed.")
    flags = _FLAGS.match(pattern)
    reader = _Reader(pattern, flags.end() if flags else 0, dot_matches_lines="s" in (flags[1] if flags else ""))
    if flags and set(flags[1]) - set("is"):
        raise Untranslatable(f"The flags {flags[0]} are not supported; (?i) and (?s) are.")
    inside, size = reader.alternatives(0)
    if reader.at < len(pattern):
        raise reader.wrong("a closing parenthesis without its opening one")
    _check_size(size)
    return f"(?{'i' if flags and 'i' in flags[1] else 'c'})^(?:{inside})$"


def _check_size(size: int) -> None:
    if size > LARGEST_SIZE:
        raise Untranslatable("The pattern's repetitions multiply to more than can be matched in good time.")


@dataclass
class _Reader:
    """Reads a pattern from `at` on; every part is answered with its size, repetitions written out."""

    pattern: str
    at: int
    dot_matches_lines: bool = False
    groups: int = 0
    references: int = 0

    def wrong(self, what: str) -> Untranslatable:
        return Untranslatable(f"The pattern has {what} at character {self.at + 1}.")

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def take(self) -> str:
        character = self.peek()
        if not character:
            raise self.wrong("an unfinished part")
        self.at += 1
        return character

    def alternatives(self, depth: int) -> tuple[str, int]:
        if depth > DEEPEST:
            raise self.wrong("too many nested groups")
        parts, sizes = [], []
        while True:
            text, size = self.sequence(depth)
            parts.append(text)
            sizes.append(size)
            if self.peek() != "|":
                return "|".join(parts), sum(sizes) + 1
            self.at += 1

    def sequence(self, depth: int) -> tuple[str, int]:
        parts: list[str] = []
        total = 0
        while self.peek() not in {"", "|", ")"}:
            atom, size, repeats = self.atom(depth)
            quantifier, times = self.quantifier(repeats=repeats)
            parts.append(atom + quantifier)
            total += size * times
            _check_size(total)
        return "".join(parts), total

    def quantifier(self, *, repeats: bool) -> tuple[str, int]:
        match = _QUANTIFIER.match(self.pattern, self.at)
        if match is None:
            return "", 1
        if not repeats:
            raise self.wrong("nothing to repeat")
        self.at = match.end()
        if match[5] == "+":
            raise self.wrong("a possessive quantifier, which is not supported,")
        if match[2] is None:
            return match[1], 2
        least, most = int(match[2]), int(match[4] or match[2])
        if max(least, most) > LARGEST_BOUND or most < least:
            raise self.wrong(f"a repetition outside 0 to {LARGEST_BOUND}")
        return match[1], max(most, 1) + (match[3] == ",")

    def atom(self, depth: int) -> tuple[str, int, bool]:
        """The text, its size, and whether it may be repeated."""
        character = self.take()
        match character:
            case "(":
                return self.group(depth)
            case "[":
                return self.bracket(), 1, True
            case "\\":
                return self.escape()
            case ".":
                return ("." if self.dot_matches_lines else r"[^\n\r]"), 1, True
            case "^" | "$":
                return character, 1, False
            case "*" | "+" | "?" | "{":
                self.at -= 1
                raise self.wrong("nothing to repeat")
            case _:
                return _literal(character), 1, True

    def group(self, depth: int) -> tuple[str, int, bool]:
        self.at -= 1
        match = _GROUP.match(self.pattern, self.at)
        if match is None and self.pattern.startswith("(?", self.at):
            raise self.wrong("a group of a kind that is not supported")
        self.at = match.end() if match else self.at + 1
        named = match is not None and match[1].endswith(">")
        if match is None or named:
            self.groups += 1
        inside, size = self.alternatives(depth + 1)
        if self.peek() != ")":
            raise self.wrong("a group without its closing parenthesis")
        self.at += 1
        looks = match is not None and match[1] in {"=", "!", "<=", "<!"}
        opening = "(" if match is None or named else f"(?{match[1]}"
        return f"{opening}{inside})", size, not looks

    def escape(self) -> tuple[str, int, bool]:  # noqa: PLR0911  one answer a kind of escape
        character = self.take()
        if character in _CLASSES:
            return f"[{_CLASSES[character]}]", 1, True
        if character.lower() in _CLASSES:
            return f"[^{_CLASSES[character.lower()]}]", 1, True
        if character in _EDGES:
            return _EDGES[character], 1, False
        if character in "pP":
            return f"[{'^' if character == 'P' else ''}{self.property()}]", 1, True
        if character == "Q":
            return self.quoted()
        if character in "123456789":
            return self.reference(character)
        return self.plain_escape(character), 1, True

    def reference(self, character: str) -> tuple[str, int, bool]:
        self.references += 1
        if int(character) > self.groups or self.references > MOST_REFERENCES:
            raise self.wrong("a reference to a group that is not there, or too many references,")
        return rf"\{character}(?:)", 50, False

    def plain_escape(self, character: str) -> str:
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character in "ux":
            length = 4 if character == "u" else 2
            code = self.pattern[self.at : self.at + length]
            if not re.fullmatch(rf"[0-9A-Fa-f]{{{length}}}", code) or int(code, 16) == 0:
                raise self.wrong("a code that is no character")
            self.at += length
            return rf"\u{int(code, 16):04x}"
        if character.isalnum():
            raise self.wrong(f"an escape \\{character} that is not supported")
        return _literal(character)

    def property(self) -> str:
        match = re.compile(r"\{([A-Za-z_=]+)\}|([A-Z])").match(self.pattern, self.at)
        found = _PROPERTIES.get(match[1] or match[2]) if match else None
        if match is None or found is None:
            raise self.wrong("a character class that is not supported")
        self.at = match.end()
        return found

    def quoted(self) -> tuple[str, int, bool]:
        end = self.pattern.find(r"\E", self.at)
        text = self.pattern[self.at : end if end >= 0 else None]
        self.at = end + 2 if end >= 0 else len(self.pattern)
        return "(?:" + "".join(_literal(each) for each in text) + ")", len(text), True

    def bracket(self) -> str:
        parts = ["["]
        if self.peek() == "^":
            self.at += 1
            parts.append("^")
        first = True
        while first or self.peek() != "]":
            parts.append(self.bracket_item())
            first = False
        self.at += 1
        return "".join(parts) + "]"

    def bracket_item(self) -> str:
        if self.pattern.startswith("&&", self.at) or self.peek() == "[":
            raise self.wrong("a class inside a class, which is not supported,")
        low, is_class = self.bracket_character()
        if is_class or self.peek() != "-" or self.pattern[self.at + 1 : self.at + 2] in {"]", ""}:
            return low
        self.at += 1
        high, is_class = self.bracket_character()
        if is_class or _code(low) > _code(high):
            raise self.wrong("a range that ends before it begins")
        return f"{low}-{high}"

    def bracket_character(self) -> tuple[str, bool]:
        character = self.take()
        if character != "\\":
            return _bracketed(character), False
        escaped = self.take()
        if escaped in _CLASSES:
            return _CLASSES[escaped], True
        if escaped == "p":
            return self.property(), True
        if escaped in "DWSPbB123456789":
            raise self.wrong(f"\\{escaped} inside a class, which is not supported,")
        plain = self.plain_escape(escaped)
        return (_bracketed(escaped) if not escaped.isalnum() else plain), False


def _literal(character: str) -> str:
    if character == "\x00":
        raise Untranslatable("The pattern has a character that no text can have.")
    return (
        f"\\{character}" if character.isascii() and not character.isalnum() and not character.isspace() else character
    )


def _bracketed(character: str) -> str:
    plain = character.isalnum() or not character.isascii()
    return character if plain else rf"\u{ord(character):04x}"


_SHORT = {r"\t": 9, r"\n": 10, r"\r": 13, r"\f": 12}


def _code(text: str) -> int:
    if text in _SHORT:
        return _SHORT[text]
    return int(text.removeprefix(r"\u"), base=16) if text.startswith(r"\u") else ord(text)
