"""Second factors: codes of an app, passkeys, recovery codes; what a session without the needed one may do."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cbor2
import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from chassis_platform.auth.totp import code_at, matching_step, step_of
from sign_in.conftest import Door, code_of, keep_token


def test_codes_are_those_of_the_standard() -> None:
    secret = b"12345678901234567890"  # RFC 6238, appendix B; the last six of its eight digits

    assert [code_at(secret, moment // 30) for moment in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]


def test_a_code_of_the_step_before_or_after_is_good_and_no_other() -> None:
    secret, now = b"x" * 20, datetime(2026, 5, 4, 12, tzinfo=UTC)
    codes = {each: code_at(secret, step_of(now + timedelta(seconds=30 * each))) for each in (-2, -1, 0, 1, 2)}

    found = {each: matching_step(secret, code, now) is not None for each, code in codes.items()}
    assert found == {-2: False, -1: True, 0: True, 1: True, 2: False}


class App:
    """An authenticator app."""

    def __init__(self, uri: str) -> None:
        secret = parse_qs(urlsplit(uri).query)["secret"][0]
        self.secret = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self.ahead = 0

    @property
    def code(self) -> str:
        """A code that was not used yet: each next one is of the step after."""
        moment = datetime.now(UTC) + timedelta(seconds=30 * self.ahead)
        self.ahead += 1
        return code_at(self.secret, step_of(moment))


def enrol(client: httpx.Client) -> tuple[App, list[str]]:
    begun = client.post("/ui/me/factors/totp").json()
    app = App(begun["uri"])
    answer = keep_token(
        client, client.post(f"/ui/me/factors/totp/{begun['id']}/confirm", json={"code": app.code, "label": "Phone"})
    )
    assert answer.status_code == 200, answer.text
    return app, answer.json()["recovery_codes"]


def verify(client: httpx.Client, method: str, code: str) -> httpx.Response:
    return keep_token(client, client.post("/ui/verify", json={"method": method, "code": code}))


def test_a_session_without_its_second_factor_does_nothing_but_show_it(door: Door) -> None:
    app, _ = enrol(door.enter("ada"))
    client = door.client()

    assert door.attempt(client, "ada").json()["pending"] == "second_factor"
    for path in ("/ui/bootstrap", "/services/data/v66.0/sobjects/User", "/setup/users", "/ui/me/sessions"):
        refused = client.get(path)
        assert (refused.status_code, code_of(refused)) == (403, "SIGN_IN_INCOMPLETE"), path
    assert client.post("/ui/me/factors/totp").status_code == 403, "no factor is added before the one that is there"
    assert client.get("/ui/verify").json()["methods"] == ["totp", "recovery_code"]
    assert code_of(verify(client, "totp", "000000")) == "VERIFICATION_FAILED"
    before = client.cookies["chassis_session"]
    assert verify(client, "totp", app.code).status_code == 200
    assert client.cookies["chassis_session"] != before, "a token that was planted before is worth nothing"
    assert client.get("/ui/bootstrap").status_code == 200
    assert door.history("ada")[-3:] == [
        "Password accepted: second factor asked for",
        "Failed: could not show who it is",
        "Success",
    ]


def test_a_code_is_taken_once(door: Door) -> None:
    app, _ = enrol(door.enter("bo"))
    code = app.code
    first, second = door.client(), door.client()
    door.attempt(first, "bo")
    door.attempt(second, "bo")

    assert verify(first, "totp", code).status_code == 200
    assert code_of(verify(second, "totp", code)) == "VERIFICATION_FAILED"


def test_a_recovery_code_opens_once_and_new_ones_void_the_old(door: Door) -> None:
    client = door.enter("cai")
    _, codes = enrol(client)
    assert len(set(codes)) == 10
    other = door.client()
    door.attempt(other, "cai")
    assert verify(other, "recovery_code", codes[0].lower().replace("-", " ")).status_code == 200
    assert other.get("/ui/me/security").json()["recovery_codes"] == 9

    third = door.client()
    door.attempt(third, "cai")
    assert code_of(verify(third, "recovery_code", codes[0])) == "VERIFICATION_FAILED"
    assert len(other.post("/ui/me/recovery-codes").json()["recovery_codes"]) == 10
    assert code_of(verify(third, "recovery_code", codes[1])) == "VERIFICATION_FAILED"


def test_five_wrong_codes_end_the_session_and_count_against_the_user(door: Door) -> None:
    app, _ = enrol(door.enter("dan"))
    client = door.client()
    door.attempt(client, "dan")

    answers = [verify(client, "totp", "123") for _ in range(5)]

    assert [each.status_code for each in answers] == [400, 400, 400, 400, 401]
    assert client.get("/ui/verify").status_code == 401
    assert door.attempt(door.client(), "dan").status_code == 401, "locked, whatever the password"
    assert app.code


def test_a_programs_password_is_not_enough_for_who_has_a_second_factor(door: Door) -> None:
    enrol(door.enter("eva"))
    form = {
        "grant_type": "password",
        "client_id": door.site.client_id,
        "client_secret": door.site.client_secret,
        "username": door.site.username("eva"),
        "password": "correct-horse-battery-staple",
    }

    assert httpx.post(f"{door.site.url}/services/oauth2/token", data=form).json()["error"] == "invalid_grant"
    assert door.history("eva")[-1] == "Failed: a second factor is needed"


def test_where_the_policy_asks_for_a_factor_running_sessions_have_to_make_one(door: Door) -> None:
    client = door.enter("fei")
    with door.policy(second_factor={"required": True}):
        assert client.get("/ui/bootstrap").json()[0]["pending"] == "enrol_factor"
        enrol(client)
        assert client.get("/ui/bootstrap").status_code == 200
        door.sql(
            "DELETE FROM chassis.factor WHERE tenant_id = %s AND user_id = %s",
            door.site.tenant_id,
            door.site.users["admin"],
        )
    assert client.get("/ui/bootstrap").status_code == 200


def test_a_permission_set_asks_its_holders_for_a_factor(door: Door) -> None:
    admin, client = door.enter("admin"), door.enter("gil")
    made = admin.put("/setup/permission-sets/Careful__c", json={"label": "Careful", "login": {"second_factor": True}})
    assert made.status_code == 204, made.text
    assert client.get("/ui/bootstrap").status_code == 200

    assert admin.put(f"/setup/permission-sets/Careful__c/users/{door.site.users['gil']}").status_code == 204

    assert client.get("/ui/bootstrap").json()[0]["pending"] == "enrol_factor"


def test_a_factor_is_removed_and_with_the_last_one_the_recovery_codes(door: Door) -> None:
    client = door.enter("hua")
    enrol(client)
    [factor] = client.get("/ui/me/security").json()["factors"]
    assert factor["label"] == "Phone"

    assert client.delete(f"/ui/me/factors/{factor['id']}").status_code == 204

    after = client.get("/ui/me/security").json()
    assert (after["factors"], after["recovery_codes"]) == ([], 0)
    assert [each[3] for each in door.trail("removedFactor")] == ["Removed totp: Phone"]


def test_an_administrator_takes_factors_off_who_has_lost_them(door: Door) -> None:
    client = door.enter("ida")
    enrol(client)

    assert door.enter("admin").delete(f"/setup/users/{door.site.users['ida']}/factors").status_code == 204

    assert client.get("/ui/bootstrap").status_code == 401
    assert door.attempt(door.client(), "ida").json()["pending"] is None


def test_secrets_are_sealed_where_they_are_kept(door: Door) -> None:
    app, _ = enrol(door.enter("jun"))

    kept = door.sql(
        "SELECT secret FROM chassis.factor WHERE tenant_id = %s AND user_id = %s",
        door.site.tenant_id,
        door.site.users["jun"],
    )
    assert all(app.secret not in bytes(secret) for (secret,) in kept)


@dataclass
class Key:
    """A security key in software: makes one passkey and shows it, as a browser would have it do."""

    origin: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: os.urandom(32))
    handle: str = ""
    count: int = 0
    in_person: bool = True

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _authenticator_data(self, host: str, flags: int) -> bytes:
        self.count += 1
        flags |= 0x04 if self.in_person else 0
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to a registration."""
        self.handle = options["user"]["id"]
        numbers = self.private.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        data = self._authenticator_data(options["rp"]["id"], 0x41)
        data += bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client_data("webauthn.create", options["challenge"])
        return self._credential({"attestationObject": text(attestation), "clientDataJSON": text(client)})

    def show(self, options: dict[str, Any], host: str | None = None) -> dict[str, Any]:
        """The answer to a question for a passkey."""
        data = self._authenticator_data(host or options["rpId"], 0x01)
        client = self._client_data("webauthn.get", options["challenge"])
        signed = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            {
                "authenticatorData": text(data),
                "clientDataJSON": text(client),
                "signature": text(signed),
                "userHandle": self.handle,
            }
        )

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        return {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response}


def text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def register(client: httpx.Client, key: Key) -> httpx.Response:
    asked = client.post("/ui/me/factors/passkey-options").json()
    sent = {"credential": key.make(asked["options"]), "state": asked["state"], "label": "Key"}
    return keep_token(client, client.post("/ui/me/factors/passkey", json=sent))


def show(client: httpx.Client, key: Key, **changes: Any) -> httpx.Response:
    asked = client.post("/ui/verify/passkey-options").json()
    sent = {"method": "passkey", "credential": key.show(asked["options"]), "state": asked["state"], **changes}
    return keep_token(client, client.post("/ui/verify", json=sent))


def enter_with(client: httpx.Client, key: Key) -> httpx.Response:
    asked = client.post("/ui/session/passkey-options").json()
    sent = {"credential": key.show(asked["options"]), "state": asked["state"]}
    return keep_token(client, client.post("/ui/session/passkey", json=sent))


@pytest.fixture
def key(door: Door) -> Key:
    return Key(door.site.url)


def test_a_passkey_is_a_second_factor(door: Door, key: Key) -> None:
    assert register(door.enter("kim"), key).status_code == 200
    client = door.client()
    door.attempt(client, "kim")

    assert client.get("/ui/verify").json()["methods"] == ["passkey", "recovery_code"]
    assert code_of(show(client, Key(door.site.url, id=key.id))) == "VERIFICATION_FAILED", "the id of another's key"
    assert show(client, key).status_code == 200
    assert client.get("/ui/bootstrap").status_code == 200


def test_a_passkey_alone_signs_in_where_its_holder_was_checked(door: Door, key: Key) -> None:
    register(door.enter("lea"), key)
    client = door.client()
    assert enter_with(client, key).json()["pending"] is None
    assert client.get("/ui/bootstrap").json()["user"]["username"] == door.site.username("lea")

    key.in_person = False
    assert code_of(enter_with(door.client(), key)) == "INVALID_LOGIN"
    key.in_person = True
    with door.policy(second_factor={"passkey_alone": False}):
        assert enter_with(door.client(), key).status_code == 403


def test_an_answer_to_a_passkeys_question_is_good_once(door: Door, key: Key) -> None:
    register(door.enter("max"), key)
    client = door.client()
    asked = client.post("/ui/session/passkey-options").json()
    sent = {"credential": key.show(asked["options"]), "state": asked["state"]}

    assert client.post("/ui/session/passkey", json=sent).status_code == 200
    assert door.client().post("/ui/session/passkey", json=sent).status_code == 401


def test_a_passkey_shown_to_another_site_opens_nothing_here(door: Door, key: Key) -> None:
    register(door.enter("nia"), key)

    for origin in ("https://evil.example", "http://127.0.0.1:1"):
        key.origin = origin
        assert code_of(enter_with(door.client(), key)) == "INVALID_LOGIN"


def test_a_question_of_another_purpose_or_session_is_not_answered_by_it(door: Door, key: Key) -> None:
    client = door.enter("ola")
    register(client, key)
    other = door.enter("pia").post("/ui/me/factors/passkey-options").json()
    asked = door.client().post("/ui/session/passkey-options").json()

    for state in (other["state"], asked["state"], "bm9uc2Vuc2U=", None):
        assert code_of(show(client, key, state=state)) == "INVALID_PASSKEY"
