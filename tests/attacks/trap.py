"""A tenant in which every text is a script: labels of a package and of its own, values, names, reasons, comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import yaml

from attacks.loot import Loot, done, gather
from chassis_metadata.package import read_package
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.publisher import publish
from serving import Address, Person, Site, make_site

#: Each says by itself that it has run; the first is what the pages are searched for.
MARK = "<img src=x onerror=alert(1)>"
SCRIPTS = (
    MARK,
    "<script>alert(2)</script>",
    '"><svg onload=alert(3)>',
    "javascript:alert(4)",
    "{{constructor.constructor('alert(5)')()}}",
    "</textarea><iframe srcdoc='<script>parent.alert(6)</script>'>",
    "'-alert(7)-'",
)
PEOPLE = [
    Person("admin", ("SystemAdministrator", "CrmAdministrator", "Auditor", "PrivacyOfficer", "TrapUser")),
    Person("consultant", ("CrmUser", "TrapUser")),
]
_IMPORTS = "/services/data/v66.0/chassis/imports"
#: What people read in a definition: all of these become scripts.
_TEXTS = frozenset({"label", "plural_label", "child_label", "description", "help", "message", "guidance", "title"})

_TRAP: Mapping[str, str] = {
    "package.yaml": (
        "name: trap\nlabel: A\nversion: 1.0.0\npublisher: chassis\ndescription: A\ndepends_on: {crm: '>=1.0.0'}"
    ),
    "value_sets.yaml": "Moods: {label: A, values: [{value: Good, label: A}, {value: Bad, label: A}]}",
    "queues.yaml": "TrapQueue: {label: A, objects: [Trap]}",
    "roles.yaml": "TrapRole: {label: A}",
    "settings.yaml": "TrapSetting: {label: A, help: A, type: text, default: A}",
    "custom_permissions.yaml": "TrapPermission: {label: A, description: A}",
    "apps/Traps.yaml": "label: A\ndescription: A\nicon: car\ntabs: [home, Trap]",
    "permission_sets/TrapUser.yaml": (
        "label: A\ndescription: A\nobjects: {Trap: all}\nfields: {Trap.*: edit}\napps: [Traps]\n"
        "custom_permissions: [TrapPermission]"
    ),
    "objects/Trap/object.yaml": (
        "label: A\nplural_label: A\nkey_prefix: tRp\nname: {type: text, label: A, tracked: true}\ndescription: A\n"
        "icon: car\ncompact_fields: [Words, Mail, Site, Call, Mood]"
    ),
    "objects/Trap/fields.yaml": (
        "Words: {type: text, label: A, help: A, length: 255, tracked: true, searchable: true}\n"
        "Story: {type: long_text, label: A, help: A}\n"
        "Page: {type: rich_text, label: A}\n"
        "Mail: {type: email, label: A}\n"
        "Site: {type: url, label: A}\n"
        "Call: {type: phone, label: A}\n"
        "Mood: {type: picklist, label: A, value_set: Moods, tracked: true}\n"
        "Moods: {type: multi_picklist, label: A, values: [{value: One, label: A}, {value: Two, label: A}]}\n"
        "Stage: {type: picklist, label: A, default: First,"
        " values: [{value: First, label: A}, {value: Last, label: A}]}\n"
        "Hidden: {type: text, label: A, classification: personal}\n"
        "ParentId: {type: lookup, label: A, references: Trap, relationship_name: Parent,"
        " child_relationship_name: Children, child_label: A}\n"
        "Sum: {type: formula, label: A, returns: text, formula: 'Words & Name'}"
    ),
    "objects/Task/object.yaml": "extends: true",
    "objects/Task/fields.yaml": "WhatId: {extends: true, references: [Trap]}",
    "objects/Trap/record_types.yaml": "Sort: {label: A, description: A, default: true}\nOther: {label: A}",
    "objects/Trap/list_views.yaml": (
        "All: {label: A, default: true, columns: [Name, Words, Story, Mail, Site, Call, Mood, Moods, Sum]}"
    ),
    "objects/Trap/paths.yaml": (
        "Way: {field: Stage, stages: [{value: First, guidance: A}, {value: Last, guidance: A, closed: true}]}"
    ),
    "objects/Trap/layouts.yaml": (
        "Look:\n  sections:\n    - {label: A, columns: 2, fields: [Name, OwnerId, RecordTypeId, Words, Story, Page]}\n"
        "    - {label: A, columns: 2, fields: [Mail, Site, Call, Mood, Moods, Stage, Hidden, ParentId, Sum]}\n"
        "  related_lists: [{relationship: Children, columns: [Name, Words, Mail, Site]}]"
    ),
    "objects/Trap/validation_rules.yaml": (
        "Never: {formula: 'Words = \"never\"', message: A, field: Words, description: A}"
    ),
    "masking_rules/Veiled.yaml": (
        "label: A\ndescription: A\nfields: [Trap.Hidden]\nmask: all\nreveal: [{everyone: true, minutes: 15}]"
    ),
    "flows/Shout.yaml": (
        "label: A\ndescription: A\nobject: Trap\ntrace: all\n"
        "trigger: {button: {placements: [record, list], message: A}}\n"
        "steps: [{notify: {to: [{field: OwnerId}], title: A, body: A}}]"
    ),
    "flows/Fail.yaml": (
        "label: A\nobject: Trap\ntrace: all\ntrigger: {button: {placements: [record]}}\n"
        "steps: [{update: {Words: '\"never\"'}}]"
    ),
    "approvals/Asked.yaml": (
        "label: A\ndescription: A\nobject: Trap\nentry: 'NOT(ISBLANK(Name))'\nshow_fields: [Name, Words, Story]\n"
        "steps: [{name: One, label: A, approvers: [{queue: TrapQueue}]}]"
    ),
    "email_templates/Letter.yaml": "label: A\nobject: Trap\nsubject: A\ntext: A\nhtml: '<p>{!Name}</p>'",
}


def publish_trap(urls: DatabaseUrls, folder: Path) -> None:
    """The package with a script for every text in it."""
    scripts = cycle(SCRIPTS)
    for path, text in _TRAP.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        hostile = _hostile(yaml.safe_load(text), scripts)
        (folder / path).write_text(yaml.safe_dump(hostile, sort_keys=False, allow_unicode=True))
    publish(urls.owner, read_package(folder))


def _hostile(said: Any, scripts: Iterator[str]) -> Any:
    if isinstance(said, list):
        return [_hostile(each, scripts) for each in said]
    if isinstance(said, dict):
        return {
            key: next(scripts) if key in _TEXTS and isinstance(each, str) else _hostile(each, scripts)
            for key, each in said.items()
        }
    return said


@dataclass(frozen=True, slots=True)
class Trapped:
    """Where to look: the tenant and the ids of what was planted."""

    site: Site
    record: str
    job: str
    checked: str
    imported: str
    loot: Loot


async def make_trap(urls: DatabaseUrls, address: Address, folder: Path) -> Site:
    """The tenant, with nothing planted by its people yet."""
    publish_trap(urls, folder)
    return await make_site(urls, address, "trap", PEOPLE, packages=("automotive", "trap"))


def plant(site: Site, admin: httpx.Client) -> Trapped:
    """Scripts wherever an administrator and a consultant can leave a text. Two imports wait to be checked."""
    _plant_names(site, admin)
    record = _plant_records(site, admin)
    job, checked, imported = (_plant_import(admin) for _ in range(3))
    for each in (checked, imported):
        mapping = {"columns": {MARK: "Name", "Words": "Words", "Mail": "Mail"}, "constants": {}}
        done(admin.patch(f"{_IMPORTS}/{each}", json={"mapping": mapping}))
        done(admin.patch(f"{_IMPORTS}/{each}", json={"action": "check"}))
    with site.browser("consultant") as consultant:
        done(consultant.put("/ui/me/login-grant", json={"hours": 1}))
        loot = gather(site, admin, consultant, text=MARK)
    done(admin.patch(f"/setup/groups/{loot['group']}", json={"label": MARK}))
    with as_consultant(site):
        pass  # the journal has the reason now
    return Trapped(site, record, job, checked, imported, loot)


@contextmanager
def as_consultant(site: Site) -> Iterator[httpx.Client]:
    """The window of an administrator who signed in as the consultant, for a reason that is a script."""
    with site.browser("admin") as window:
        done(window.post(f"/setup/users/{site.users['consultant']}/login-as", json={"reason": MARK}))
        yield window


def _plant_names(site: Site, admin: httpx.Client) -> None:
    """Users, roles, and parts of the tenant's own: object, field, rule, setting, view."""
    person = {
        "username": "trap@trap.example",
        "email": "trap@trap.example",
        "last_name": MARK,
        "first_name": SCRIPTS[1],
    }
    done(admin.post("/setup/users", json={**person, "title": MARK, "permission_sets": []}))
    done(admin.patch(f"/setup/users/{site.users['consultant']}", json={"last_name": MARK}))
    done(admin.post("/setup/roles", json={"name": "TrapOfOwn", "label": MARK}))
    done(admin.post("/setup/objects", json={"name": "Pit", "label": MARK, "plural_label": MARK, "description": MARK}))
    field = {"name": "Floor", "type": "text", "label": MARK, "help": MARK}
    done(admin.post("/setup/objects/Trap/fields", json=field))
    rule = {"formula": 'Words = "not this"', "message": MARK, "description": MARK}
    done(admin.put("/setup/logic/validation_rule/Trap.Not_This__c", json=rule))
    done(admin.put("/setup/logic/setting/Bait__c", json={"label": MARK, "type": "text", "default": MARK}))
    view = {"label": MARK, "columns": ["Name"], "filters": [], "order_by": [], "owner": "everyone"}
    done(admin.put("/ui/objects/Trap/list_views/Trapped", json=view))


def _plant_records(site: Site, admin: httpx.Client) -> str:
    """A record with scripts for values and with all that people say about a record; answers its id."""
    first = ""
    for number, script in enumerate(SCRIPTS):
        turned = [*SCRIPTS[number:], *SCRIPTS[:number]]
        values: dict[str, Any] = dict(
            zip(("Name", "Words", "Story", "Page", "Site", "Call", "Hidden"), turned, strict=True)
        )
        values |= {"Mail": f"{script}@x.example", "Mood": "Good", "Moods": ["One"], "ParentId": first or None}
        made = _planted(admin, values)
        first = first or made
        done(admin.patch(f"/ui/records/{made}", json={"values": {"Words": script + "!", "Mood": "Bad"}}))
    _say(site, admin, first)
    return first


def _planted(admin: httpx.Client, values: dict[str, Any]) -> str:
    """The record; values that a field's own check refuses are left out."""
    while True:
        answer = admin.post("/ui/objects/Trap/records", json={"values": values})
        if answer.is_success:
            return str(answer.json()["id"])
        refused = {path for each in answer.json() for path in each.get("fields", [])} & set(values)
        assert refused, answer.text
        values = {name: value for name, value in values.items() if name not in refused}


def _say(site: Site, admin: httpx.Client, record: str) -> None:
    """Tasks, appointments, reasons, comments, what flows tell."""
    task = {"Name": MARK, "WhatId": record, "TaskType": "Call", "Priority": "Normal", "Status": "Open"}
    done(admin.post("/ui/objects/Task/records", json={"values": task}))
    share = {"with": site.users["consultant"], "access": "Edit", "reason": MARK}
    done(admin.post(f"/ui/records/{record}/shares", json=share))
    hidden = {"fields": ["Hidden"], "reason": MARK}
    done(admin.post(f"/services/data/v66.0/sobjects/Trap/{record}/reveal", json=hidden))
    done(admin.post("/ui/flows/Shout/run", json={"recordIds": [record]}))
    assert admin.post("/ui/flows/Fail/run", json={"recordIds": [record]}).status_code == 400
    queue = "SELECT Id FROM Group WHERE DeveloperName = 'TrapQueue'"
    group = done(admin.get("/services/data/v66.0/query", params={"q": queue}))["records"][0]["Id"]
    member = {"GroupId": group, "UserOrGroupId": site.users["admin"]}
    done(admin.post("/ui/objects/GroupMember/records", json={"values": member}))
    said = {"comments": MARK}
    with site.browser("consultant") as consultant:
        done(consultant.post(f"/ui/records/{record}/approvals", json=said))
        done(consultant.post(f"/ui/records/{record}/approvals/recall", json=said))
        done(consultant.post(f"/ui/records/{record}/approvals", json=said))


def _plant_import(admin: httpx.Client) -> str:
    """A file whose columns and cells are scripts, none of its rows as rules want them; answers the import's id."""
    job = str(done(admin.post(_IMPORTS, json={"object": "Trap", "operation": "insert"}))["id"])
    lines = [f"{MARK},Words,Mail", *(f'"{each.replace(chr(34), chr(34) * 2)}",never,{MARK}' for each in SCRIPTS)]
    headers = {"content-type": "text/csv; charset=UTF-8"}
    done(admin.put(f"{_IMPORTS}/{job}/content", content="\n".join(lines).encode(), headers=headers))
    return job


def write_checked(admin: httpx.Client, job: str) -> None:
    """Go on with an import, every row of which the check refused."""
    errors = done(admin.get(f"{_IMPORTS}/{job}/errors", params={"phase": "check"}))["errors"]
    assert len(errors) == len(SCRIPTS), errors
    done(admin.patch(f"{_IMPORTS}/{job}", json={"action": "start"}))
