"""Sealed secrets open only where they were sealed for, no door tells one; browsers by what stays the same of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from starlette.routing import Route

from chassis_platform.app import api_routes
from chassis_platform.auth.devices import device_of
from chassis_platform.auth.secrets import KEY_FILE, UnreadableSecretError, open_sealed, seal
from encryption.conftest import places_of
from sign_in.conftest import Door, code_of

PROVIDER = {"name": "login", "label": "Login", "kind": "oidc", "issuer": "https://login.example", "client_id": "garden"}
EXPORT = {"kind": "storage", "label": "Archive", "url": "https://hook.example/bucket"}
WEBHOOK = {"label": "Out", "url": "https://hook.example/", "objects": [{"object": "User"}]}
APP = {"label": "App", "grants": ["client_credentials"], "scopes": ["api"]}
#: What administrators and users are told about; the rest of the application knows nothing of secrets.
TOLD = ("/setup/", "/ui/me/", "/audit/")


def test_a_secret_opens_for_its_tenant_and_purpose_alone(tmp_path: Path) -> None:
    sealed = seal(tmp_path, 7, "totp", b"seed")

    assert open_sealed(tmp_path, 7, "totp", sealed) == b"seed"
    assert seal(tmp_path, 7, "totp", b"seed") != sealed
    for tenant_id, purpose, content in (
        (8, "totp", sealed),
        (7, "smtp", sealed),
        (7, "totp", sealed[:-1]),
        (7, "totp", b""),
        (7, "totp", b"\x02" + sealed[1:]),
    ):
        with pytest.raises(UnreadableSecretError):
            open_sealed(tmp_path, tenant_id, purpose, content)


def test_the_key_is_made_once_and_for_nobody_else_to_read(tmp_path: Path) -> None:
    seal(tmp_path, 1, "x", b"")
    key = tmp_path / "keys" / KEY_FILE

    assert (key.stat().st_mode & 0o777, len(key.read_bytes())) == (0o600, 32)


def made(client: httpx.Client, path: str, document: dict[str, Any]) -> dict[str, Any]:
    """What is answered to who makes one."""
    answer = client.post(path, json=document)
    assert answer.status_code == 201, f"{path}: {answer.text}"
    found: dict[str, Any] = answer.json()
    return found


def everything_told(client: httpx.Client, ids: list[str]) -> Iterator[httpx.Response]:
    """The answers of all that can be asked, with these ids wherever an address has a place for one."""
    for each in api_routes():
        if not (isinstance(each, Route) and each.path.startswith(TOLD) and "GET" in (each.methods or ())):
            continue
        names = re.findall(r"{(\w+)", each.path)
        for filled in itertools.product(ids, repeat=len(names)):
            path = re.sub(r"{\w+(:\w+)?}", "{}", each.path).format(*filled)
            yield client.get(path)
    for name in ("SetupAuditTrail", "AdministrationRequest"):
        yield client.get("/services/data/v66.0/query", params={"q": f"SELECT FIELDS(ALL) FROM {name} LIMIT 200"})  # noqa: S608


def test_no_door_tells_a_secret_and_none_stands_anywhere(door: Door, capfd: pytest.CaptureFixture[str]) -> None:
    admin, helper = door.enter("admin"), door.enter("helper")
    planted = [f"planted-{name}-7f3d1c" for name in ("provider", "export", "wrong", "later")]
    provider = made(admin, "/setup/identity-providers", {**PROVIDER, "client_secret": planted[0]})["id"]
    with door.policy(four_eyes=["journal_export"]):
        asked = admin.post("/setup/journal-exports", json={**EXPORT, "secret": planted[1]})
        odd = admin.post("/setup/journal-exports", json=[planted[2]])
        [request, *_] = [each["id"] for each in helper.get("/setup/administration-requests").json()["requests"][::-1]]
        helper.post(f"/setup/administration-requests/{request}/approve", json={})
        export = made(admin, "/setup/journal-exports", {**EXPORT, "secret": planted[1]})["id"]
    webhook = made(admin, "/setup/webhooks", WEBHOOK)
    webhook_again = admin.post(f"/setup/webhooks/{webhook['id']}/secret").json()["secret"]
    app = made(admin, "/setup/connected-apps", {**APP, "run_as_user_id": door.site.users["robot"]})
    key = made(admin, "/setup/inbound-keys", {"label": "Key", "run_as_user_id": door.site.users["robot"]})["key"]
    token = made(admin, "/setup/scim-tokens", {"label": "SCIM"})["token"]
    refused = [
        admin.post("/setup/identity-providers", json={**PROVIDER, "client_secret": [planted[2]]}),
        admin.post("/setup/identity-providers", json={**PROVIDER, "client_secret": planted[2] * 200}),
        admin.post("/setup/identity-providers", json={**PROVIDER, "client_secret": planted[2], "issuer": "x"}),
        admin.post("/setup/identity-providers", content='{"client_secret": "' + planted[2]),
        admin.post("/setup/webhooks", json={**WEBHOOK, "secret": planted[2]}),
        admin.post("/setup/journal-exports", json={**EXPORT, "url": "ftp://x", "secret": planted[2]}),
    ]
    changed = admin.patch(f"/setup/identity-providers/{provider}", json={"client_secret": planted[3], "label": "New"})
    ids = [provider, export, webhook["id"], app["client_id"], request]

    told = [*everything_told(admin, ids), *everything_told(helper, ids), *refused, asked, odd]
    text = "".join(each.text for each in told) + "".join(capfd.readouterr())
    secrets = [*planted, webhook["secret"], webhook_again, app["client_secret"], key, token]

    assert code_of(asked) == "APPROVAL_REQUIRED"
    assert changed.status_code == 204
    assert [each.status_code for each in refused] == [400] * len(refused)
    assert not any(each.status_code >= httpx.codes.INTERNAL_SERVER_ERROR for each in told)
    for label in ("Archive", "Out", "changedIdentityProvider", "rotatedWebhookSecret", "••••••"):
        assert label in text, "the walk came by"
    assert [each for each in secrets if each in text] == []
    assert places_of(door.owner_dsn, *secrets) == []
    with psycopg.connect(door.owner_dsn) as connection:
        [hashed] = connection.execute(
            "SELECT secret_hash FROM chassis.api_client WHERE client_id = %s", [app["client_id"]]
        )
    assert len(bytes(hashed[0])) == 32, "of an app only the hash is kept"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15",
         "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36",
         "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.50",
         "WeChat on iOS"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("", "Unknown"),
        (None, "Unknown"),
    ],
)  # fmt: skip
def test_a_browser_is_known_by_its_kind_and_system(user_agent: str | None, device: str) -> None:
    assert device_of(user_agent) == device
