"""Alert rules: formulas over the entry, a field to count by, people that are there."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.engine_formulas import field_complaints, formula_complaints, object_complaint
from chassis_metadata.check.look import Look, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where

#: One value an entry.
_COUNTED_BY = frozenset({FieldType.TEXT, FieldType.LOOKUP, FieldType.PICKLIST})


def check_alert_rule(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole rule."""
    body = each.body
    yield from object_complaint(look, body["journal"], (*where, "journal"))
    obj = look.after.objects.get(body["journal"])
    if obj is None:
        return
    yield from formula_complaints(look, obj, body.get("criteria"), (*where, "criteria"), Kind.BOOLEAN)
    yield from formula_complaints(look, obj, body.get("counts"), (*where, "counts"), Kind.NUMBER)
    yield from field_complaints(obj, body.get("per"), (*where, "per"), _COUNTED_BY, written=False)
    for place, told in enumerate(body.get("notify", ())):
        yield from _told_complaints(look, told, (*where, "notify", place))


def _told_complaints(look: Look, told: dict[str, str], where: Where) -> Iterator[Complaint]:
    known = {
        "permission_set": set(look.after.permission_sets),
        "role": {each.name for each in look.after.roles},
        "queue": {each.name for each in look.after.queues},
    }
    for word, name in told.items():
        if name not in known.get(word, {name}):
            yield unknown((*where, word), word.replace("_", " "), name, known[word])
