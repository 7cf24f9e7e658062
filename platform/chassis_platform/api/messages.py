"""What is wrong, in the reader's language: English sentences are made where problems arise and translated at the door.

The catalogue is part of the translations: `messages.<code>` with the English sentence, its values as `{name}`, and the
same sentence in the other language. A code that has one meaning only may have one text without an English sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from chassis_metadata.errors import Problem
from chassis_metadata.snapshot import Object, Snapshot

START = "messages."
SOURCE_LANGUAGE = "en_US"
_VALUE = re.compile(r"\{(\w+)\}")
#: Longer sentences hold somebody's text: they are not searched for values.
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Sentence:
    """An English sentence with its values, and the same in another language."""

    pattern: re.Pattern[str] | None  # None: any sentence of the code
    text: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the problems of a request: a language, what there is, and the parameters of the request's address."""

    snapshot: Snapshot
    language: str
    parameters: Mapping[str, str]

    @property
    def obj(self) -> Object | None:
        """The object that the address names, or whose record it names."""
        named = self.snapshot.objects.get(self.parameters.get("object", ""))
        return named or self.snapshot.objects_by_prefix.get(self.parameters.get("id", "")[:3])


_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)


def speak_to(reader: Reader | None) -> None:
    """From now on, problems of this request are told to this reader."""
    _reader.set(reader)


def is_spoken_to() -> bool:
    """Whether a reader of this request is known."""
    return _reader.get() is not None


def in_words(problem: Problem) -> str:
    """The problem's message in the language of the request's reader; as it is where nothing is translated."""
    reader = _reader.get()
    if reader is None or reader.language == SOURCE_LANGUAGE:
        return problem.message
    return translated(reader, problem)


def translated(reader: Reader, problem: Problem) -> str:
    """The message in the reader's language. `Label: sentence` is also known by its sentence alone."""
    sentences = _catalogue(reader).get(problem.code.lower(), ())
    whole = _told(reader, problem, sentences, problem.message)
    if whole is not None:
        return whole
    start, colon, rest = problem.message.partition(": ")
    told = _told(reader, problem, sentences, rest) if colon else None
    return problem.message if told is None else f"{start}: {told}"


def _told(reader: Reader, problem: Problem, sentences: Iterable[Sentence], message: str) -> str | None:
    for sentence in sentences if len(message) <= _LONGEST else ():
        if sentence.pattern is None:
            return sentence.text
        found = sentence.pattern.fullmatch(message)
        if found is not None:
            return _filled(reader, problem, sentence.text, found.groupdict())
    return None


def _filled(reader: Reader, problem: Problem, text: str, values: Mapping[str, str]) -> str:
    def value(place: re.Match[str]) -> str:
        name = place[1]
        return _value_in_words(reader, problem, name, values[name]) if name in values else place[0]

    return _VALUE.sub(value, text)


def _value_in_words(reader: Reader, problem: Problem, name: str, value: str) -> str:
    """Values called field, fields and object are names or labels: they are shown as the reader knows them."""
    if name == "field":
        return _field_label(reader, value, problem.fields)
    if name == "fields":
        comma = reader.snapshot.text(reader.language, f"{START}comma", ", ")
        return comma.join(_field_label(reader, each, (each,)) for each in value.split(", "))
    return _object_label(reader, value) if name == "object" else value


def _field_label(reader: Reader, shown: str, names: Iterable[str]) -> str:
    obj = reader.obj
    if obj is None:
        return shown
    for name in names:
        field = obj.fields.get(name)
        if field is not None and shown in (field.label, field.name):
            return reader.snapshot.text(reader.language, f"objects.{obj.name}.fields.{name}.label", field.label)
    return shown


def _object_label(reader: Reader, shown: str) -> str:
    known = reader.snapshot.objects.get(shown)
    for obj in filter(None, (known, reader.obj)):
        if shown in (obj.name, obj.label, obj.plural_label):
            return reader.snapshot.text(reader.language, f"objects.{obj.name}.label", obj.label)
    return shown


def _catalogue(reader: Reader) -> dict[str, tuple[Sentence, ...]]:
    texts = reader.snapshot.texts.get(reader.language, {})
    return reader.snapshot.keep(("messages", reader.language), lambda: catalogue_of(texts))


def catalogue_of(texts: Mapping[str, str]) -> dict[str, tuple[Sentence, ...]]:
    """The sentences of each code; the more of a sentence is fixed, the sooner it is tried."""
    found: dict[str, list[tuple[int, Sentence]]] = {}
    for key, text in texts.items():
        if key.startswith(START):
            code, _, english = key.removeprefix(START).partition(".")
            pattern = _pattern(english) if english else None
            found.setdefault(code, []).append((len(_VALUE.sub("", english)), Sentence(pattern, text)))
    ordered = {code: sorted(each, key=lambda one: -one[0]) for code, each in found.items()}
    return {code: tuple(sentence for _, sentence in each) for code, each in ordered.items()}


def _pattern(english: str) -> re.Pattern[str]:
    parts = _VALUE.split(english)
    names: set[str] = set()
    written = []
    for place, part in enumerate(parts):
        if place % 2 == 0:
            written.append(re.escape(part))
        else:
            written.append(f"(?P={part})" if part in names else f"(?P<{part}>.*?)")
            names.add(part)
    return re.compile("".join(written), re.DOTALL)
