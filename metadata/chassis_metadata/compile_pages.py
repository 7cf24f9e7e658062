"""The list and the page that an object has when nobody declared any."""

from __future__ import annotations

from collections.abc import Iterable

from chassis_metadata.components import LayoutSection, ListView, PageLayout, RelatedList
from chassis_metadata.fields import FieldType
from chassis_metadata.places import Source
from chassis_metadata.snapshot import ChildRelationship, Field, Object

#: The source of what no one wrote. A generated layout is made anew when its object grows.
GENERATED = Source("", 0)
_COLUMNS = 5
_AT_THE_END = ("CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate")


def all_records(each: Object) -> ListView:
    """`All Leads`: the name, what the object is known by, and when it was made; the newest first."""
    own = [name for name in each.compact_fields or _telling(each.fields.values()) if name != "Name"]
    columns = dict.fromkeys(["Name", *own[:_COLUMNS], "CreatedDate"])
    return ListView(
        object_name=each.name,
        name="All",
        label=f"All {each.plural_label}",
        columns=tuple(columns),
        order_by=(("CreatedDate", True),),
        default=True,
        source=GENERATED,
    )


def whole_page(each: Object, objects: dict[str, Object]) -> PageLayout:
    """All fields in one section, all children below."""
    leading = [name for name in ("Name", "RecordTypeId", "OwnerId") if name in each.fields]
    own = [one.name for one in each.fields.values() if not one.system and one.compound is None]
    return PageLayout(
        object_name=each.name,
        name="Default",
        sections=(LayoutSection("Information", (*leading, *own)), LayoutSection("System", _AT_THE_END)),
        related_lists=tuple(_related(child, objects[child.child]) for child in each.children),
        source=GENERATED,
    )


def _related(child: ChildRelationship, of: Object) -> RelatedList:
    own = [name for name in of.compact_fields or _telling(of.fields.values()) if name not in ("Name", child.field)]
    return RelatedList(child.name, ("Name", *own[: _COLUMNS - 1]), (("CreatedDate", True),))


def _telling(fields: Iterable[Field]) -> list[str]:
    """Fields that look well in a narrow column."""
    return [
        each.name
        for each in fields
        if not each.system and each.compound is None and each.traits.sortable and each.type is not FieldType.URL
    ]
