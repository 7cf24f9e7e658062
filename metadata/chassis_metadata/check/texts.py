"""Translations: keys that name something. One that names nothing has no effect, so it is told as a warning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.check.look import Look
from chassis_metadata.compile_fields import SYSTEM_FIELDS
from chassis_metadata.forms import Complaint, near
from chassis_metadata.logic.kinds import LOGIC_KINDS
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object, Snapshot

#: Sentences of the server by the code of the problem: they name nothing in a package.
MESSAGES = "messages."
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


def check_texts(look: Look) -> Iterator[Complaint]:
    """Every key of every language."""
    known = set(text_keys(look.after)) if look.package.translations else set()
    for each in look.package.translations:
        if not _LANGUAGE.fullmatch(each.language):
            message = f"{each.language!r} is no language. Call the file like zh_CN.yaml or de.yaml."
            yield Complaint(("translations", each.language), "invalid_name", message)
        for key in each.texts:
            if key not in known and not key.startswith(MESSAGES):
                yield _unknown(look, each.language, key, known)


def _unknown(look: Look, language: str, key: str, known: set[str]) -> Complaint:
    where = _place(look, ("translations", language), key)
    around = key.rpartition(".")[0].rpartition(".")[0]
    choices = [each for each in known if each.startswith(around)][:2000]
    return Complaint(where, "unknown_translation_key", f"{key!r} names nothing.{near(key, choices)}")


def _place(look: Look, where: Where, key: str) -> Where:
    """The path of a flat key in the nested map that was written; parts may hold dots themselves."""
    parts = key.split(".")
    while parts:
        for length in range(len(parts), 0, -1):
            step = ".".join(parts[:length])
            if (*where, step) in look.package.places or length == 1:
                where, parts = (*where, step), parts[length:]
                break
    return where


def text_keys(snapshot: Snapshot) -> Iterator[str]:
    """Every key that a translation may have."""
    for each in snapshot.objects.values():
        yield from _object_keys(f"objects.{each.name}", each)
    yield from (f"apps.{each.name}" for each in snapshot.apps)
    yield from (f"permission_sets.{name}" for name in snapshot.permission_sets)
    yield from (f"roles.{each.name}" for each in snapshot.roles)
    yield from (f"queues.{each.name}" for each in snapshot.queues)
    yield from (f"value_sets.{name}.{one.value}" for name, each in snapshot.value_sets.items() for one in each.values)
    yield from (f"system_fields.{name}" for name in SYSTEM_FIELDS)
    for kind, components in snapshot.logic.items():
        for name, one in components.items() if kind in LOGIC_KINDS else ():
            yield from _texts_in(f"{LOGIC_KINDS[kind].key}.{name}", one.body)


def _object_keys(start: str, each: Object) -> Iterator[str]:
    yield from (f"{start}.{word}" for word in ("label", "plural_label", "name", "description"))
    for field in each.fields.values():
        here = f"{start}.fields.{field.name}"
        yield from (f"{here}.{word}" for word in ("label", "help", "child_label"))
        yield from (f"{here}.values.{one.value}" for one in field.values)
    yield from (f"{start}.record_types.{one.name}" for one in each.record_types)
    yield from (f"{start}.list_views.{one.name}" for one in each.list_views)
    yield from (f"{start}.paths.{one.name}.{stage.value}" for one in each.paths for stage in one.stages)
    yield from (f"{start}.sections.{section.label}" for one in each.layouts for section in one.sections)


def _texts_in(start: str, body: Any) -> Iterator[str]:
    """Every text of a component by the way to it: `validation_rules.Lead.Needs_Phone.message`."""
    if isinstance(body, str):
        yield start
    elif isinstance(body, Mapping):
        for key, each in body.items():
            yield from _texts_in(f"{start}.{key}", each)
    elif isinstance(body, list | tuple):
        for place, each in enumerate(body):  # what has a name may also be called by it
            named = each.get("name") if isinstance(each, Mapping) else None
            for word in (place, named) if isinstance(named, str) else (place,):
                yield from _texts_in(f"{start}.{word}", each)
