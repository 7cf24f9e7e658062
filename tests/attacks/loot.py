"""What there is to steal in the attacked tenant: one real thing of every kind that some route names by its id."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from serving import Site

#: Stands in the values that nobody else may see.
SECRET = "Zaphod Beeblebrox"
CALLBACK = "https://app.example/callback"
_QUERY = {"operation": "query", "query": "SELECT Id, LastName FROM Lead"}
_INGEST = {"object": "Lead", "operation": "insert"}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Loot:
    """Ids by what they name."""

    ids: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.ids[name]


def done(answer: httpx.Response) -> Any:
    """The document of an answer that has to be a good one."""
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def new_lead(client: httpx.Client, last_name: str = SECRET, **values: Any) -> str:
    """A lead of the client's user; each can be contacted and is nobody's duplicate."""
    document = {"LastName": last_name, "Email": f"attack{next(_numbers)}@customer.example", **values}
    return str(done(client.post("/ui/objects/Lead/records", json={"values": document}))["id"])


def gather(site: Site, admin: httpx.Client, consultant: httpx.Client, *, text: str = SECRET) -> Loot:
    """Make one of each; `text` is what they are called, and why they were made."""
    lead = new_lead(consultant, text)
    own_set = {"label": text, "objects": {"Lead": ["read"]}, "fields": {}, "apps": [], "system": []}
    done(admin.put("/setup/permission-sets/Attacked__c", json={"name": "Attacked__c", **own_set}))
    sessions = done(admin.get("/setup/sessions"))["sessions"]
    return Loot(
        {
            "lead": lead,
            "user": site.users["consultant"],
            "session": next(each["id"] for each in sessions if each["user"]["id"] == site.users["consultant"]),
            "own session": done(consultant.get("/ui/me/sessions"))["sessions"][0]["id"],
            "permission set": "Attacked__c",
            "organization": site.organization_id,
            "ingest job": done(admin.post("/services/data/v66.0/jobs/ingest", json=_INGEST))["id"],
            "import": done(admin.post("/services/data/v66.0/chassis/imports", json=_INGEST))["id"],
            "query job": done(admin.post("/services/data/v66.0/jobs/query", json=_QUERY))["id"],
            "factor": done(consultant.post("/ui/me/factors/totp", json={}))["id"],
            **_shared(site, admin, consultant, lead, text),
            **_connections(site, admin, text),
            **_journals(admin, lead, text),
        }
    )


def _shared(site: Site, admin: httpx.Client, consultant: httpx.Client, lead: str, text: str) -> dict[str, str]:
    share = {"with": site.users["admin"], "access": "Read", "reason": text}
    delegate = {"delegate_id": site.users["admin"], "from": "2026-01-01", "to": "2099-01-01"}
    # Everybody of a tenant may know what groups are called.
    group = done(admin.post("/setup/groups", json={"name": "Attacked", "label": "Attacked"}))["id"]
    member = done(admin.post(f"/setup/groups/{group}/members", json={"member": site.users["admin"]}))["id"]
    return {
        "group": group,
        "member": member,
        "share": done(consultant.post(f"/ui/records/{lead}/shares", json=share))["id"],
        "delegate": done(consultant.post("/ui/approvals/delegates", json=delegate))["id"],
    }


def _connections(site: Site, admin: httpx.Client, text: str) -> dict[str, str]:
    app = done(admin.post("/setup/connected-apps", json={"label": text, "redirect_uris": [CALLBACK]}))
    provider = {
        "name": "corp",
        "label": text,
        "kind": "oidc",
        "issuer": "https://issuer.example",
        "client_id": "chassis",
        "client_secret": "x" * 32,
    }
    done(admin.post("/setup/identity-providers", json=provider))
    done(admin.post("/setup/scim-tokens", json={"label": text, "permission_sets": []}))
    key = {"label": text, "run_as_user_id": site.users["admin"]}
    made = done(admin.post("/setup/inbound-keys", json=key))["key"]
    posted = httpx.post(f"{site.url}/inbound/adf", content=f"<{text}", headers={"authorization": f"Bearer {made}"})
    assert posted.status_code == 400, posted.text
    hook = {"label": text, "url": "https://hook.example/", "objects": [{"object": "Lead"}]}
    return {
        "webhook": done(admin.post("/setup/webhooks", json=hook))["id"],
        "app": app["client_id"],
        "identity provider": done(admin.get("/setup/identity-providers"))["providers"][0]["id"],
        "scim token": done(admin.get("/setup/scim-tokens"))["tokens"][0]["id"],
        "inbound key": done(admin.get("/setup/inbound-keys"))["keys"][0]["id"],
        "inbound message": done(admin.get("/setup/inbound"))["messages"][0]["id"],
        "key": made,
    }


def _journals(admin: httpx.Client, lead: str, text: str) -> dict[str, str]:
    archive = done(admin.post("/audit/archives", json={"record": lead}))["id"]
    hold = done(admin.post("/setup/retention/holds", json={"scope": "record", "subject": lead, "reason": text}))
    sink = {"kind": "syslog", "label": text, "url": "syslogs://sink.example:6514"}
    export = done(admin.post("/setup/journal-exports", json=sink))["id"]
    entries = done(admin.get("/audit/timeline", params={"record": lead}))
    return {
        "archive": archive,
        "hold": hold["id"],
        "journal export": export,
        "entry": entries["lines"][0]["id"],
    }
