"""`USING SCOPE`: whose records a query is about. It narrows what the user may see, and never widens it."""

from __future__ import annotations

from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import Query
from chassis_platform.plan.problems import refuse, unsupported
from chassis_platform.plan.read_plan import OwnedBy

_OWNED = {"MINE": OwnedBy(), "MINEANDMYGROUPS": OwnedBy(groups=True)}


def scope_of(query: Query, obj: Object) -> OwnedBy | None:
    """The condition that the query's scope stands for; None where it is everything."""
    if query.scope is None or query.scope.upper() == "EVERYTHING":
        return None
    owned, place = _OWNED.get(query.scope.upper()), query.places.get(query.scope)
    if owned is None:
        asked = f"USING SCOPE {query.scope} (there are everything, mine, mineAndMyGroups)"
        raise unsupported(asked, place)
    if not obj.has_owner:
        raise refuse("malformed_query", f"{obj.plural_label} have no owner: leave the scope out", place)
    return owned
