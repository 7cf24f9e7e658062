"""The kinds of logic in one table: how each is called, and where it lies in a package."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Place(Enum):
    """Where a kind's components are written in a package folder."""

    OBJECT = "object"  # objects/<Object>/<key>.yaml, a map of names
    FILE = "file"  # <key>.yaml, a map of names
    FOLDER = "folder"  # <key>/<Name>.yaml, a file each
    TENANT = "tenant"  # in no package: only a tenant makes it


class LogicKind(NamedTuple):
    """A kind: its word, its plural (folder, file and document key), its place, its heading in Setup."""

    kind: str
    key: str
    place: Place
    heading: str

    @property
    def schema(self) -> str:
        """The file in `schemas/` that says what a body may hold; of map files, their `$defs` entry."""
        if self.place in (Place.FOLDER, Place.TENANT):
            return f"{self.kind}.schema.json"
        return f"{self.key}.schema.json#/$defs/{self.kind}"


LOGIC_KINDS: dict[str, LogicKind] = {
    each.kind: each
    for each in (
        LogicKind("validation_rule", "validation_rules", Place.OBJECT, "Validation rules"),
        LogicKind("setting", "settings", Place.FILE, "Settings"),
        LogicKind("custom_permission", "custom_permissions", Place.FILE, "Custom permissions"),
        LogicKind("flow", "flows", Place.FOLDER, "Flows"),
        LogicKind("approval", "approvals", Place.FOLDER, "Approval processes"),
        LogicKind("matching_rule", "matching_rules", Place.FOLDER, "Matching rules"),
        LogicKind("duplicate_rule", "duplicate_rules", Place.FOLDER, "Duplicate rules"),
        LogicKind("assignment_rule", "assignment_rules", Place.FOLDER, "Assignment rules"),
        LogicKind("decision_table", "decision_tables", Place.FOLDER, "Decision tables"),
        LogicKind("scoring_model", "scoring_models", Place.FOLDER, "Scoring models"),
        LogicKind("segment", "segments", Place.FOLDER, "Segments"),
        LogicKind("ledger", "ledgers", Place.FOLDER, "Ledgers"),
        LogicKind("task_plan", "task_plans", Place.FOLDER, "Task plans"),
        LogicKind("milestone", "milestones", Place.FOLDER, "Milestones"),
        LogicKind("business_hours", "business_hours", Place.FOLDER, "Business hours"),
        LogicKind("holiday_calendar", "holiday_calendars", Place.FOLDER, "Holiday calendars"),
        LogicKind("email_template", "email_templates", Place.FOLDER, "E-mail templates"),
        LogicKind("masking_rule", "masking_rules", Place.FOLDER, "Masking rules"),
        LogicKind("identity_check", "identity_checks", Place.FOLDER, "Identity checks"),
        LogicKind("access_set", "access_sets", Place.FOLDER, "Access sets"),
        LogicKind("sharing_rule", "sharing_rules", Place.OBJECT, "Sharing rules"),
        LogicKind("restriction_rule", "restriction_rules", Place.OBJECT, "Restriction rules"),
        LogicKind("org_wide_default", "org_wide_defaults", Place.TENANT, "Org-wide defaults"),  # Lead: {internal: …}
        LogicKind("data_subject", "data_subjects", Place.FOLDER, "Data subjects"),
        LogicKind("consent_model", "consent_models", Place.FOLDER, "Consent models"),
        LogicKind("retention_rule", "retention_rules", Place.FOLDER, "Retention rules"),
        LogicKind("alert_rule", "alert_rules", Place.FOLDER, "Alert rules"),
        LogicKind("outbound_document", "outbound_documents", Place.FOLDER, "Outbound documents"),
        LogicKind("webhook", "webhooks", Place.FOLDER, "Webhooks"),
        LogicKind("switch", "switches", Place.TENANT, "Switches"),  # flow.AssignLead: {active: false}
        LogicKind("setting_value", "setting_values", Place.TENANT, "Setting values"),  # Country: {value: CN}
    )
}
KINDS_BY_KEY = {each.key: each for each in LOGIC_KINDS.values()}
OBJECT_KEYS = frozenset(each.key for each in LOGIC_KINDS.values() if each.place is Place.OBJECT)
FILE_KEYS = frozenset(each.key for each in LOGIC_KINDS.values() if each.place is Place.FILE)
FOLDER_KEYS = frozenset(each.key for each in LOGIC_KINDS.values() if each.place is Place.FOLDER)
