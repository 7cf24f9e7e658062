"""E-mail templates: merge fields, in every language, over an object that is there."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.flow import formula_complaints
from chassis_metadata.check.look import Look, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.flow_formulas import Standing
from chassis_metadata.logic.merge_fields import formulas_of
from chassis_metadata.places import Where


def check_email_template(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """Its own texts; translations are texts of the same places."""
    name = each.body["object"]
    if name not in look.after.objects:
        yield unknown((*where, "object"), "object", name, look.after.objects)
        return
    for key in ("subject", "text", "html"):
        for formula in formulas_of(each.body.get(key, "")):
            yield from formula_complaints(look, Standing(name), formula, None, (*where, key))
