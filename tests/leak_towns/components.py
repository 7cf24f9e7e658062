"""A town's own metadata: defaults, rules and sets of permissions as a tenant's administrator would write them."""

from __future__ import annotations

from typing import Any

from leak_towns.masking import Audience, Condition, MaskingRule
from leak_towns.plan import CRITERIA, Town

TEXT = {"type": "formula", "returns": "text", "length": 200, "classification": "personal"}


def components(town: Town) -> dict[tuple[str, str], dict[str, Any]]:
    """The tenant's own metadata."""
    default = {"internal": town.internal} | ({"external": town.external} if town.external else {})
    source = {"object": "Workshop", "field": "Id", "user_field": "ForemanId", "hierarchy": town.set_by_hierarchy}
    below = {"and_below": "ParentWorkshopId"} if town.set_and_below else {}
    made: dict[tuple[str, str], dict[str, Any]] = {
        ("custom_permission", "SeeSouth__c"): {"label": "See the south"},
        ("permission_set", "South__c"): {"label": "South", "custom_permissions": ["SeeSouth__c"]},
        ("permission_set", "AllWorkshops__c"): {
            "label": "All",
            "objects": {"Workshop": ["read", "update", "view_all", "modify_all"], "Stay": ["read", "view_all"]},
        },
        ("org_wide_default", "Workshop"): default,
        ("access_set", "MyWorkshops__c"): {"label": "Mine", "object": "Workshop", "sources": [source], **below},
        ("permission_set", "Tax__c"): {"label": "Tax", "fields": {"Workshop.TaxNumber": "read"}},
        ("field", "Workshop.Line__c"): TEXT | {"label": "Line", "formula": "Code & ' ' & Phone"},
        ("field", "Workshop.Above__c"): TEXT | {"label": "Above", "formula": "ParentWorkshop.Phone"},
        ("field", "Stay.Number__c"): TEXT | {"label": "Number", "formula": "Workshop.Phone"},
    }
    for number, rule in enumerate(town.rules):
        kind = "restriction_rule" if rule.restricts else "sharing_rule"
        who = "applies_to" if rule.restricts else "share_with"
        body: dict[str, Any] = {
            "label": f"Rule {number}",
            who: audience(rule.audience),
            "records": condition(rule.records),
        }
        if not rule.restricts:
            body |= {"access": "edit" if rule.may_edit else "read", "passes_on": rule.passes_on}
        made[kind, f"Workshop.Rule{number}__c"] = body
    for number, mask in enumerate(town.masks):
        made["masking_rule", f"Mask{number}__c"] = masking_rule(mask)
    made["sharing_rule", "Errand.Readers__c"] = {
        "label": "Readers",
        "share_with": audience(town.readers.audience),
        "records": {"readers_of": ["AboutId"]},
        "access": "edit" if town.readers.may_edit else "read",
    }
    names = ["Customer.Name", "Customer.LastName", "Customer.FirstName"]
    clear = [audience(who) | {"when": condition(when)} for who, when in town.hidden_names]
    made["masking_rule", "Names__c"] = {"label": "Names", "fields": names, "mask": "name", "clear": clear}
    return made


def masking_rule(rule: MaskingRule) -> dict[str, Any]:
    masks = {f"Workshop.{field}": _mask(mask) for field, mask in rule.fields if mask}
    return {
        "label": "Masks",
        "fields": [f"Workshop.{field}" for field, _ in rule.fields],
        "masks": masks,
        "clear": [audience(who) | {"when": condition(when)} for who, when in rule.clear],
        "reveal": [audience(who) for who in rule.reveal],
        "never": [audience(who) for who in rule.never],
        "lookup": rule.lookup,
    }


def _mask(text: str) -> str | dict[str, int]:
    name, *kept = text.split()
    return {"keep_first": int(kept[0]), "keep_last": int(kept[1])} if kept else name


def audience(who: Audience) -> dict[str, Any]:
    found: dict[str, Any] = {
        "roles": [f"Role{each}" for each in sorted(who.roles)],
        "roles_and_below": [f"Role{each}" for each in sorted(who.roles_and_below)],
        "groups": [f"Group{each}" for each in sorted(who.groups)],
        "user_types": ["Partner"] if who.partners else [],
        "permissions": ["SeeSouth__c"] if who.permission else [],
    }
    return {key: value for key, value in found.items() if value} | ({"everyone": True} if who.everyone else {})


def condition(which: Condition) -> dict[str, Any]:
    found: dict[str, Any] = {"owner": True} if which.owner else {}
    if which.owned_by is not None:
        found["owned_by"] = audience(which.owned_by)
    if which.foreman:
        found["user_field"] = "ForemanId"
    if which.in_set is not None:
        found |= {"field": which.in_set, "in": "MyWorkshops__c"}
    if which.criteria is not None:
        found["criteria"] = CRITERIA[which.criteria]
    return found
