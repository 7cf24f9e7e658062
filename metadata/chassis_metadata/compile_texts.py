"""Translations of all parts in one flat map a language; texts of value sets and system fields spread to their users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chassis_metadata.components import Package
from chassis_metadata.snapshot import Object, Snapshot

Texts = dict[str, dict[str, str]]

_SYSTEM = "system_fields."


def merge_texts(
    base: Snapshot, objects: Mapping[str, Object], contents: Sequence[Package]
) -> Mapping[str, Mapping[str, str]]:
    """The base's own map where nothing is added. A later part's text wins; a text of its own wins over a spread one."""
    said: Texts = {}
    for content in contents:
        for translation in content.translations:
            said.setdefault(translation.language, {}).update(translation.texts)
    new = [each for name, each in objects.items() if name not in base.objects]
    users = _value_set_users(contents)
    if not said and not new and not users:
        return base.texts
    merged: Texts = {}
    for language in base.texts.keys() | said.keys():
        own = {**base.texts.get(language, {}), **said.get(language, {})}
        merged[language] = _spread(own, objects, users)
    return merged


def _value_set_users(contents: Sequence[Package]) -> list[tuple[str, str, str]]:
    return [
        (object_name, each.name, each.value_set)
        for content in contents
        for object_name, fields in content.fields.items()
        for each in fields
        if each.value_set is not None
    ]


def _spread(texts: dict[str, str], objects: Mapping[str, Object], users: list[tuple[str, str, str]]) -> dict[str, str]:
    labels = {key.removeprefix(_SYSTEM): text for key, text in texts.items() if key.startswith(_SYSTEM)}
    for name, each in objects.items():
        for field, label in labels.items():
            if field in each.fields:
                texts.setdefault(f"objects.{name}.fields.{field}.label", label)
    sets: dict[str, dict[str, str]] = {}
    for key, text in texts.items():
        top, _, rest = key.partition(".")
        if top == "value_sets":
            name, _, value = rest.partition(".")
            sets.setdefault(name, {})[value] = text
    for object_name, field, value_set in users:
        for value, text in sets.get(value_set, {}).items():
            texts.setdefault(f"objects.{object_name}.fields.{field}.values.{value}", text)
    return texts
