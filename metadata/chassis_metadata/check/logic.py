"""Rules, flows, processes and the rest: names once, objects that are there, then what each kind's own check says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from chassis_metadata.check.alert_rules import check_alert_rule
from chassis_metadata.check.approvals import check_approval
from chassis_metadata.check.assignment import check_assignment_rule
from chassis_metadata.check.business_hours import check_business_hours, check_holiday_calendar
from chassis_metadata.check.consent_models import check_consent_model
from chassis_metadata.check.data_subjects import check_data_subject
from chassis_metadata.check.decision_tables import check_decision_table
from chassis_metadata.check.duplicates import check_duplicate_rule, check_matching_rule
from chassis_metadata.check.email_template import check_email_template
from chassis_metadata.check.flow import check_flow
from chassis_metadata.check.identity_checks import check_identity_check
from chassis_metadata.check.ledgers import check_ledger
from chassis_metadata.check.look import Look, unknown
from chassis_metadata.check.masking import check_masking_rule
from chassis_metadata.check.milestones import check_milestone
from chassis_metadata.check.names import check_ownership
from chassis_metadata.check.outbound_documents import check_outbound_document
from chassis_metadata.check.retention_rules import check_retention_rule
from chassis_metadata.check.scoring import check_scoring_model
from chassis_metadata.check.segments import check_segment
from chassis_metadata.check.settings import check_setting, check_setting_value
from chassis_metadata.check.sharing import (
    check_access_set,
    check_org_wide_default,
    check_restriction_rule,
    check_sharing_rule,
)
from chassis_metadata.check.task_plans import check_task_plan
from chassis_metadata.check.validation_rules import check_validation_rule
from chassis_metadata.check.webhooks import check_webhook
from chassis_metadata.compile_logic import SWITCHED_OFF
from chassis_metadata.components import LogicComponent
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.kinds import LOGIC_KINDS
from chassis_metadata.places import Where

#: Named by what they turn or set.
_FREE_KINDS = frozenset({"switch", "setting_value", "org_wide_default"})

Check = Callable[[LogicComponent, Look, Where], Iterable[Complaint]]


def check_logic(look: Look) -> Iterator[Complaint]:
    """Everything that a package or a tenant declares of the kinds of logic."""
    seen: set[tuple[str, str]] = set()
    for each in look.package.logic:
        where = place_of(each)
        if each.object_name and each.object_name not in look.after.objects:
            yield unknown(where[:2], "object", each.object_name, look.after.objects)
            continue
        if _is_taken(look, each) or (each.kind, each.full_name) in seen:
            yield Complaint(where, "duplicate_name", f"{each.full_name!r} is there already. Choose another name.")
        elif each.kind not in _FREE_KINDS:
            yield from check_ownership(look, where, each.name)
        seen.add((each.kind, each.full_name))
        yield from CHECKS.get(each.kind, _nothing_more)(each, look, where)


def place_of(component: LogicComponent) -> Where:
    """Where the component stands in a package."""
    key = LOGIC_KINDS[component.kind].key
    if component.object_name:
        return ("objects", component.object_name, key, component.name)
    return (key, component.name)


def _is_taken(look: Look, each: LogicComponent) -> bool:
    before = look.before
    off = before.logic_of(SWITCHED_OFF)
    return each.full_name in before.logic_of(each.kind) or f"{each.kind}.{each.full_name}" in off


def _check_switch(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    known = {f"{kind}.{name}" for kind, found in look.after.logic.items() for name in found if kind in LOGIC_KINDS}
    known |= set(look.after.logic_of(SWITCHED_OFF))
    if each.name not in known:
        yield unknown(where, "component", each.name, known)


def _nothing_more(each: LogicComponent, look: Look, where: Where) -> Iterable[Complaint]:
    del each, look, where
    return ()


#: What each kind's engine asks of a component, beyond its form.
CHECKS: Mapping[str, Check] = {
    "alert_rule": check_alert_rule,
    "outbound_document": check_outbound_document,
    "consent_model": check_consent_model,
    "data_subject": check_data_subject,
    "retention_rule": check_retention_rule,
    "business_hours": check_business_hours,
    "holiday_calendar": check_holiday_calendar,
    "milestone": check_milestone,
    "task_plan": check_task_plan,
    "approval": check_approval,
    "assignment_rule": check_assignment_rule,
    "decision_table": check_decision_table,
    "scoring_model": check_scoring_model,
    "segment": check_segment,
    "ledger": check_ledger,
    "email_template": check_email_template,
    "flow": check_flow,
    "duplicate_rule": check_duplicate_rule,
    "matching_rule": check_matching_rule,
    "masking_rule": check_masking_rule,
    "identity_check": check_identity_check,
    "access_set": check_access_set,
    "sharing_rule": check_sharing_rule,
    "restriction_rule": check_restriction_rule,
    "org_wide_default": check_org_wide_default,
    "webhook": check_webhook,
    "switch": _check_switch,
    "setting": check_setting,
    "setting_value": check_setting_value,
    "validation_rule": check_validation_rule,
}
