"""The logic that the journeys' tenant declares for its leads. A lead's company and town set it off."""

from __future__ import annotations

from typing import Any

#: Leads of this town are offers that the deputy decides on; those of others go to the manager.
DEPUTYS_TOWN = "Submitted"

#: By kind and name.
LOGIC: dict[str, dict[str, dict[str, Any]]] = {
    "approval": {
        "Special_Offer__c": {
            "label": "Special offer",
            "object": "Lead",
            "entry": f'NOT(ISBLANK(Company)) && BLANKVALUE(City, "") <> "{DEPUTYS_TOWN}"',
            "show_fields": ["Company", "City"],
            "comments_required": ["reject"],
            "time_limit": "2 hours",
            "on_approve": [{"update": {"City": '"Agreed"'}}],
            "steps": [
                {
                    "name": "Manager",
                    "label": "Sales manager",
                    "approvers": [{"user": "manager@dealer.example"}],
                    "editable_fields": ["Description"],
                }
            ],
        },
        "Offer__c": {
            "label": "Offer",
            "object": "Lead",
            "entry": f'NOT(ISBLANK(Company)) && City = "{DEPUTYS_TOWN}"',
            "steps": [{"name": "Deputy", "label": "Deputy", "approvers": [{"user": "deputy@dealer.example"}]}],
        },
    },
    "milestone": {
        "Answer__c": {
            "label": "First answer",
            "object": "Lead",
            "clock": "calendar",
            "target": "2 h",
            "start": "NOT(ISBLANK(Company))",
            "pause": 'City = "Away"',
            "stop": 'City = "Agreed"',
        }
    },
    "flow": {
        "Call_Back__c": {
            "label": "Call back later",
            "object": "Lead",
            "trace": "all",
            "trigger": {"button": {"placements": ["record", "list"], "message": "The owner is reminded."}},
            "variables": {"Reason": {"type": "text", "input": True}},
            "steps": [
                {"update": {"Description": "Reason"}},
                {
                    "notify": {
                        "to": [{"field": "OwnerId"}],
                        "title": "Call {!LastName} back",
                        "body": "{!Description}",
                        "clear": "The owner calls.",
                    }
                },
            ],
        },
        "Note_Later__c": {
            "label": "Note later",
            "object": "Lead",
            "trace": "all",
            "trigger": {"record": {"when": "after_commit", "criteria": 'City = "Broken"'}},
            "steps": [{"update": {"Description": '"noted"'}}],
        },
    },
    "validation_rule": {
        "Lead.No_Test_Towns__c": {
            "formula": 'City = "Nowhere"',
            "message": "There is no such town.",
            "field": "City",
        }
    },
    "matching_rule": {
        "Lead_Company__c": {
            "label": "Same company",
            "object": "Lead",
            "keys": [{"name": "Company", "compare": [{"field": "Company"}]}],
        }
    },
    "duplicate_rule": {
        "Lead_Company_Twice__c": {
            "label": "Company twice",
            "object": "Lead",
            "matching_rules": ["Lead_Company__c"],
            "on_create": "warn",
            "on_update": "nothing",
            "message": "There is a lead of this company.",
        }
    },
    "task_plan": {
        "Welcome__c": {
            "label": "Welcome",
            "object": "Lead",
            "task_object": "Task",
            "mapping": {"subject": "Name", "due": "DueDate", "record": "WhoId", "run": "TaskPlanRunId"},
            "done_when": 'ISPICKVAL(Status, "Completed")',
            "closed_when": 'ISPICKVAL(Status, "Cancelled")',
            "on_cancel": {"Status": '"Cancelled"'},
            "tasks": [
                {"name": "Call", "subject": "Call to greet", "offset": "1 d"},
                {"name": "Visit", "subject": "Invite to the showroom", "offset": "3 d"},
            ],
        }
    },
}
