"""The formulas of flows: over the record at hand, with the flow's variables and, in loops, the record outside."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.flow import Flow
from chassis_metadata.logic.record_formulas import BLANKS_AS
from chassis_metadata.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a formula stands: objects by name, the variables, whether old values are known."""

    object_name: str | None
    this_name: str | None = None
    variables: tuple[tuple[str, Kind], ...] = ()
    has_prior: bool = False

    def inside(self, object_name: str) -> Standing:
        """Over found records: the record at hand becomes `$This`."""
        return replace(self, object_name=object_name, this_name=self.object_name, has_prior=False)

    def scope(self, snapshot: Snapshot) -> Scope:
        """The same for the language."""
        obj = snapshot.objects.get(self.object_name or "")
        this = snapshot.objects.get(self.this_name or "")
        return Scope(snapshot, obj, variables=dict(self.variables), has_prior=self.has_prior, this=this)


def standing_of(flow: Flow) -> Standing:
    """Where the formulas of a flow's own steps stand."""
    return Standing(flow.object_name, None, tuple(sorted(flow.kinds.items())), flow.knows_prior)


def flow_formula(snapshot: Snapshot, standing: Standing, text: str, expects: Kind | None = None) -> Expression:
    """The typed formula, kept with the snapshot. Raises Invalid with all that is wrong with it."""
    key = ("flow_formula", standing, expects, text)

    def make() -> Expression:
        return type_expression(text, standing.scope(snapshot), expects=expects, blanks_as=BLANKS_AS)

    return snapshot.keep(key, make)
