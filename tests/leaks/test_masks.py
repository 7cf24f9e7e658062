"""Generated tenants: what every door shows of every field, in clear, masked or not at all, is what the reference says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import given

from chassis_platform.access.context import Context
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from leak_towns.asked import ask_everything
from leak_towns.build import BuiltTown, build
from leak_towns.clearness import COMPARED, FORMULAS, LOGGED, Clearness
from leak_towns.comparisons import generated, same_values
from leak_towns.plan import Town, towns
from leak_towns.shown import (
    RELATED,
    WHOLE,
    Door,
    by_export,
    changes_of,
    found_by,
    labels_of_foremen,
    looked_up,
    marked_in_lists,
    names_behind_stays,
    names_of_customers,
    names_of_foremen,
    numbers_of_stays,
)
from leak_towns.values import Values, customers_name, history, kept, masked_fields, shown
from leak_towns.visibility import Visibility
from world import make_world
