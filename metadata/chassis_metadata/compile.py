"""Packages, and over them what a tenant made of its own, to the Snapshot; objects that nobody touched are shared.

Compiling forgives what the checks refuse: of two things with one name the first is kept, a reference to an object that
is not there is dropped. So a snapshot can be made of anything whose form is right, and the checks ask it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from operator import attrgetter

from chassis_metadata.compile_logic import merge_logic, settings_in_force
from chassis_metadata.compile_objects import Part, extend_objects, first_of_name
from chassis_metadata.compile_texts import merge_texts
from chassis_metadata.components import Layer, Package, PackageManifest
from chassis_metadata.package import digest
from chassis_metadata.snapshot import Conversion, Object, Snapshot

_TENANT = PackageManifest(name="tenant", label="Tenant", version="0.0.0", publisher="tenant")


def compile_snapshot(packages: Sequence[Package], layer: Layer | None = None) -> Snapshot:
    """Everything in force for a tenant that has these packages installed, and its own layer."""
    ordered = in_dependency_order(packages)
    versions = {each.manifest.name: each.manifest.version for each in ordered}
    nothing = Snapshot(identity=_identity(map(digest, ordered)), packages=versions, objects={})
    snapshot = _extend(nothing, [Part(each.manifest.name, each) for each in ordered])
    return snapshot if layer is None else overlay(snapshot, layer)


def overlay(base: Snapshot, layer: Layer) -> Snapshot:
    """A tenant's layer over a compiled base; an empty layer is the base itself, an untouched Object the base's own."""
    if layer == Layer():
        return base
    package = layer_package(layer)
    renamed = replace(base, identity=_identity([base.identity, digest(package)]))
    return _extend(renamed, [Part(None, package)])


def with_conversions(base: Snapshot, conversions: Mapping[str, Conversion]) -> Snapshot:
    """The same where encrypted fields (`Contact.TaxNumber`) hold values of both kinds."""
    said = [f"{name} {each.seals} {each.was_indexed}" for name, each in sorted(conversions.items())]
    objects = {name: _converting(each, conversions) for name, each in base.objects.items()}
    return replace(base, identity=_identity([base.identity, *said]), objects=objects)


def _converting(obj: Object, conversions: Mapping[str, Conversion]) -> Object:
    found = {
        each.name: replace(each, conversion=conversions[f"{obj.name}.{each.name}"])
        for each in obj.fields.values()
        if each.encrypted and f"{obj.name}.{each.name}" in conversions
    }
    return replace(obj, fields={**obj.fields, **found}) if found else obj


def layer_package(layer: Layer) -> Package:
    """A layer in the shape of a package, for what treats both alike."""
    return Package(manifest=_TENANT, **{each.name: getattr(layer, each.name) for each in fields(layer)})


def in_dependency_order(packages: Sequence[Package]) -> list[Package]:
    """Every package after those it depends on, else as given."""
    by_name = {each.manifest.name: each for each in packages}
    ordered: dict[str, Package] = {}
    entered: set[str] = set()

    def visit(name: str) -> None:
        if name in by_name and name not in entered:
            entered.add(name)
            for needed in sorted(by_name[name].manifest.depends_on):
                visit(needed)
            ordered[name] = by_name[name]

    for each in packages:
        visit(each.manifest.name)
    return list(ordered.values())


def _identity(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _extend(base: Snapshot, parts: Sequence[Part]) -> Snapshot:
    contents = [part.content for part in parts]
    value_sets = first_of_name(base.value_sets, [each for content in contents for each in content.value_sets])
    objects = extend_objects(base, parts, value_sets)
    apps = first_of_name({each.name: each for each in base.apps}, [each for one in contents for each in one.apps])
    logic = merge_logic(base.logic, parts)
    return replace(
        base,
        objects=objects,
        logic=logic,
        settings=settings_in_force(logic, base.settings),
        value_sets=value_sets,
        apps=tuple(sorted(apps.values(), key=attrgetter("order"))),
        permission_sets=first_of_name(
            base.permission_sets,
            [replace(each, package=part.package) for part in parts for each in part.content.permission_sets],
        ),
        roles=base.roles + tuple(each for one in contents for each in one.roles),
        queues=base.queues + tuple(each for one in contents for each in one.queues),
        inbound_mappings=first_of_name(
            base.inbound_mappings, [each for one in contents for each in one.inbound_mappings]
        ),
        functions=first_of_name(base.functions, [each for one in contents for each in one.functions]),
        reference_data=base.reference_data + tuple(each for one in contents for each in one.reference_data),
        texts=merge_texts(base, objects, contents),
    )
