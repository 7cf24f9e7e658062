"""A value in the form in which it is compared, and the tokens that two records must share to match. All pure."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jellyfish

from chassis_metadata.logic.matching_rule import Comparison, Method, Side
from chassis_platform.records.trail import as_text

_SPACES = re.compile(r"\s+")
_LATIN_WORDS = re.compile(r"[a-z]+")
_WORDS = re.compile(r"\w+")
#: What is left of a number without its country code has at least so many digits.
_SHORTEST_NATIONAL = 9
_ROUNDING = 1e-9
_TOKEN_BYTES, _GRAM_BYTES = 12, 4
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Token:
    """What is looked up. `grams` are the trigrams of the text that asks for a likeness."""

    text: str
    grams: tuple[int, ...] | None = None


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(each for each in parts if not unicodedata.combining(each)))


_STEPS: Mapping[str, Callable[[str], str]] = {
    "width": lambda text: unicodedata.normalize("NFKC", text),
    "case": str.casefold,
    "accents": _without_accents,
    "spaces": lambda text: _SPACES.sub(" ", text).strip(),
    "separators": lambda text: "".join(each for each in text if each.isalnum()),
    "digits": lambda text: "".join(each for each in text if each in "0123456789"),
}
#: Steps in the order in which they are taken; words that don't count go between the two groups.
_FIRST, _LAST = ("width", "case", "accents", "spaces"), ("separators", "digits")


def normal(comparison: Comparison, text: str) -> str:
    """The text after the declared steps; blanks around it never count."""
    first = [each for each in _FIRST if each in comparison.steps]
    found = _after(first, text.strip())
    if comparison.without:
        found = _words_removed(found, [_after(first, each) for each in comparison.without])
    found = _after([each for each in _LAST if each in comparison.steps], found).strip()
    if comparison.country_code:
        found = _national(found, comparison.country_code)
    return found[-comparison.last :] if comparison.last else found


def _after(steps: Iterable[str], text: str) -> str:
    for step in steps:
        text = _STEPS[step](text)
    return text


def _words_removed(text: str, words: Iterable[str]) -> str:
    """The text without the words; one that consists of nothing else stays as it is."""
    left = text
    for word in sorted(words, key=len, reverse=True):
        left = _word_pattern(word).sub(" ", left)
    left = _SPACES.sub(" ", left).strip(" ,.;，。()（）")
    return left or text


@lru_cache(maxsize=1_000)
def _word_pattern(word: str) -> re.Pattern[str]:
    """Latin words stand by themselves; in Chinese nothing stands between words."""
    before = r"(?<![a-z0-9])" if word[:1].isascii() and word[:1].isalnum() else ""
    after = r"(?![a-z0-9])" if word[-1:].isascii() and word[-1:].isalnum() else ""
    return re.compile(before + re.escape(word) + after, re.IGNORECASE)


def _national(digits: str, code: str) -> str:
    international = digits.removeprefix("00")
    rest = international.removeprefix(code)
    return rest if rest != international and len(rest) >= _SHORTEST_NATIONAL else digits


def sound_of(text: str) -> str:
    """The Metaphone codes of its Latin words; a text without any sounds like itself only."""
    words = _LATIN_WORDS.findall(_without_accents(text).casefold())
    codes = [code for code in map(jellyfish.metaphone, words) if code]
    return " ".join(codes) if codes else text


def pinyin_of(text: str) -> str:
    """How Chinese is read, without tones and spaces; Latin letters stay."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415  its dictionaries take a third of a second

    return "".join(each for each in "".join(lazy_pinyin(text)).casefold() if not each.isspace())


def trigrams(text: str) -> frozenset[str]:
    """As PostgreSQL's pg_trgm makes them: three characters in a row of each word with two blanks before, one behind."""
    padded = [f"  {word} " for word in _WORDS.findall(text)]
    return frozenset(word[place : place + 3] for word in padded for place in range(len(word) - 2))


def likeness(one: str, other: str) -> float:
    """Trigrams in both through those in either."""
    mine, theirs = trigrams(one), trigrams(other)
    return len(mine & theirs) / len(mine | theirs) if mine or theirs else 1.0


def tokens_of(side: Side, values: Sequence[Any]) -> list[Token]:
    """What a record is found by under a key; nothing where a blank value speaks against it."""
    texts = [as_text(each) or "" for each in values]
    forms = [_form(each, text) for each, text in zip(side.key.comparisons, texts, strict=True)]
    blank = [not each for each in forms]
    if all(blank) or (any(blank) and not side.key.blank_matches):
        return []
    similar = side.key.similar
    place = side.key.comparisons.index(similar) if similar is not None else -1
    if similar is None or not forms[place]:
        return [Token(_digest(side.key.id, *forms))]
    exact = [form for index, form in enumerate(forms) if index != place]
    return _similar_tokens(side.key.id, exact, forms[place], similar.at_least)


def _form(comparison: Comparison, text: str) -> str:
    found = normal(comparison, text)
    if comparison.method is Method.SOUNDS_LIKE:
        return sound_of(found)
    return pinyin_of(found) if comparison.method is Method.PINYIN and found else found


def _similar_tokens(key_id: str, exact: Sequence[str], text: str, at_least: float) -> list[Token]:
    """Two sets of which so many elements are in both share one of the first few in any fixed order (prefix filter)."""
    grams = sorted({_gram(each) for each in trigrams(text) or {text}})
    needed = math.ceil(at_least * len(grams) - _ROUNDING)
    return [Token(_digest(key_id, *exact, str(each)), tuple(grams)) for each in grams[: len(grams) - needed + 1]]


def _gram(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=_GRAM_BYTES).digest(), signed=True)


def _digest(*parts: str) -> str:
    return hashlib.blake2b(_SEPARATOR.join(parts).encode(), digest_size=_TOKEN_BYTES).hexdigest()
