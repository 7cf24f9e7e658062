"""Whether a package, or what a tenant makes, means something: all problems at once, each with what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from chassis_metadata.check.access import check_access
from chassis_metadata.check.calculated import check_calculated
from chassis_metadata.check.field import check_fields
from chassis_metadata.check.field_formulas import check_field_formulas
from chassis_metadata.check.function_bodies import check_function_bodies
from chassis_metadata.check.functions import check_functions
from chassis_metadata.check.inbound import check_inbound
from chassis_metadata.check.logic import check_logic
from chassis_metadata.check.look import Look
from chassis_metadata.check.manifest import check_manifest
from chassis_metadata.check.names import check_names
from chassis_metadata.check.objects import check_objects
from chassis_metadata.check.pages import check_pages
from chassis_metadata.check.picklists import check_picklists
from chassis_metadata.check.records import check_records
from chassis_metadata.check.references import check_references
from chassis_metadata.check.texts import check_texts
from chassis_metadata.compile import compile_snapshot, layer_package, overlay
from chassis_metadata.components import Layer, Package
from chassis_metadata.errors import Problem
from chassis_metadata.forms import Complaint
from chassis_metadata.places import problem_at
from chassis_metadata.snapshot import Snapshot

__all__ = ["check_layer", "check_package", "is_warning"]

#: Problems that tell of something without effect; they need not stop a publication or an installation.
WARNINGS = frozenset({"decision_table_gap", "unknown_translation_key"})

_CHECKS: tuple[Callable[[Look], Iterable[Complaint]], ...] = (
    check_names,
    check_objects,
    check_fields,
    check_calculated,
    check_field_formulas,
    check_references,
    check_picklists,
    check_pages,
    check_access,
    check_texts,
    check_records,
    check_inbound,
    check_functions,
    check_function_bodies,
    check_logic,
)


def check_package(package: Package, dependencies: Sequence[Package]) -> list[Problem]:
    """Everything that is wrong with a package over all that it stands on, directly or not."""
    before = compile_snapshot(dependencies)
    after = compile_snapshot([*dependencies, package])
    look = Look(package, before, after)
    return _problems(look, [*check_manifest(package, dependencies), *_complaints(look)])


def check_layer(layer: Layer, base: Snapshot) -> list[Problem]:
    """Everything that is wrong with a tenant's own components over its compiled packages."""
    look = Look(layer_package(layer), base, overlay(base, layer), is_tenant=True)
    return _problems(look, _complaints(look))


def is_warning(problem: Problem) -> bool:
    """Whether the thing can be used in spite of it."""
    return problem.code in WARNINGS


def _complaints(look: Look) -> Iterator[Complaint]:
    for check in _CHECKS:
        yield from check(look)


def _problems(look: Look, found: Iterable[Complaint]) -> list[Problem]:
    problems = [problem_at(look.package.places, each.where, each.code, each.message) for each in found]
    return sorted(problems, key=lambda each: (each.file or "", each.line or 0))
