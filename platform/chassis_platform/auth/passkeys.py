"""Passkeys (WebAuthn): registered as a factor, shown as a second one or instead of a password."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from chassis_metadata.errors import Conflict, Invalid
from chassis_metadata.ids import is_id, new_id
from chassis_platform import clock
from chassis_platform.auth.factors import FACTOR_PREFIX, Owner
from chassis_platform.auth.secrets import UnreadableSecretError, open_sealed, seal
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

ANSWER_WITHIN = timedelta(minutes=5)
#: What a challenge is for; it is good for nothing else.
REGISTER, VERIFY, SIGN_IN = "register", "verify", "sign_in"
_NO_TENANT = 0


@dataclass(frozen=True, slots=True)
class Site:
    """The web site that passkeys are for: the host's name, and the addresses that pages come from."""

    host: str
    origin: str
    name: str = "Chassis"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page passes to the browser, and brings back with the answer."""

    options: dict[str, Any]
    state: str

    @property
    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"options": self.options, "state": self.state}


@dataclass(frozen=True, slots=True)
class Desk:
    """Who asks: the folder of keys, the site, and what a challenge is bound to (a session, or nothing yet)."""

    home: Path
    site: Site
    bound_to: str = ""

    def challenge(self, purpose: str) -> tuple[bytes, str]:
        """A fresh challenge, and the sealed note that it was ours."""
        challenge, until = secrets.token_bytes(32), clock.now() + ANSWER_WITHIN
        note = json.dumps([challenge.hex(), until.timestamp()]).encode()
        sealed = seal(self.home, _NO_TENANT, self._purpose(purpose), note)
        return challenge, base64.urlsafe_b64encode(sealed).decode()

    def challenge_of(self, purpose: str, state: object) -> tuple[bytes, datetime]:
        """The challenge that a note is of; refused where it is not ours, for another purpose, or too old."""
        try:
            sealed = base64.urlsafe_b64decode(str(state))
            challenge, until = json.loads(open_sealed(self.home, _NO_TENANT, self._purpose(purpose), sealed))
        except (UnreadableSecretError, ValueError):
            raise refused_passkey() from None
        moment = datetime.fromtimestamp(until, UTC)
        if moment < clock.now():
            raise Invalid.of("invalid_passkey", "That took too long. Try again.")
        return bytes.fromhex(challenge), moment

    def _purpose(self, purpose: str) -> str:
        return f"passkey {purpose} {self.bound_to}"


def refused_passkey() -> Invalid:
    """One answer for all that may be wrong with one."""
    return Invalid.of("invalid_passkey", "The passkey could not be verified. Try again.")


async def ask_to_register(database: Database, desk: Desk, owner: Owner, *, organization_id: str, name: str) -> Asked:
    """What a browser needs to make a passkey; those that the user has are not made twice."""
    challenge, state = desk.challenge(REGISTER)
    options = generate_registration_options(
        rp_id=desk.site.host,
        rp_name=desk.site.name,
        user_name=name,
        user_id=f"{organization_id}.{owner.user_id}".encode(),
        challenge=challenge,
        exclude_credentials=await _descriptors(database, owner),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return Asked(json.loads(options_to_json(options)), state)


async def register(database: Database, desk: Desk, owner: Owner, document: Mapping[str, Any], label: str) -> str:
    """Keep a passkey that a browser has made; answers its id."""
    challenge, _ = desk.challenge_of(REGISTER, document.get("state"))
    try:
        made = verify_registration_response(
            credential=dict(_credential(document)),
            expected_challenge=challenge,
            expected_rp_id=desk.site.host,
            expected_origin=desk.site.origin,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise refused_passkey() from None
    factor_id = new_id(FACTOR_PREFIX)
    transports = _credential(document).get("response", {}).get("transports") or []
    inserted = Statement(
        "INSERT INTO chassis.factor (tenant_id, id, user_id, kind, label, credential_id, public_key, sign_count,"
        " transports, created_at, confirmed_at) VALUES (%(tenant_id)s, %(id)s, %(user_id)s, 'passkey', %(label)s,"
        " %(credential_id)s, %(public_key)s, %(sign_count)s, %(transports)s, %(now)s, %(now)s)"
        " ON CONFLICT (tenant_id, credential_id) DO NOTHING RETURNING id",
        owner.bound(
            id=factor_id,
            label=label,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            transports=[each for each in transports if isinstance(each, str)][:8],
            now=clock.now(),
        ),
    )
    [rows] = await database.read(Binding(owner.tenant_id), inserted)
    if not rows:
        raise Conflict.of("duplicate_value", "This passkey is registered already.")
    return factor_id


def _credential(document: Mapping[str, Any]) -> Mapping[str, Any]:
    found = document.get("credential")
    if not isinstance(found, dict) or not isinstance(found.get("response"), dict):
        raise refused_passkey()
    return found


async def _descriptors(database: Database, owner: Owner) -> list[PublicKeyCredentialDescriptor]:
    select = Statement(
        "SELECT credential_id FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND kind = 'passkey' ORDER BY created_at",
        owner.bound(),
    )
    [rows] = await database.read(Binding(owner.tenant_id), select)
    return [PublicKeyCredentialDescriptor(id=bytes(each[0])) for each in rows]


async def ask_to_verify(database: Database, desk: Desk, owner: Owner) -> Asked:
    """What a browser needs to show one of the user's passkeys."""
    challenge, state = desk.challenge(VERIFY)
    options = generate_authentication_options(
        rp_id=desk.site.host, challenge=challenge, allow_credentials=await _descriptors(database, owner)
    )
    return Asked(json.loads(options_to_json(options)), state)


def ask_to_sign_in(desk: Desk) -> Asked:
    """What a browser needs to show any passkey of this site, with its own check of who holds it."""
    challenge, state = desk.challenge(SIGN_IN)
    options = generate_authentication_options(
        rp_id=desk.site.host, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
    )
    return Asked(json.loads(options_to_json(options)), state)


async def passkey_matches(database: Database, desk: Desk, owner: Owner, document: Mapping[str, Any]) -> bool:
    """Whether the answer is one of the user's passkeys, to a challenge of this session."""
    challenge, _ = desk.challenge_of(VERIFY, document.get("state"))
    return await _is_answered(database, desk, owner, _credential(document), challenge, in_person=False)


def claimed_user(document: Mapping[str, Any]) -> tuple[str, str]:
    """(organization id, user id) that a passkey says it is of: to be believed once its signature is right."""
    handle = _credential(document)["response"].get("userHandle")
    try:
        text = base64.urlsafe_b64decode(f"{handle}==").decode()
    except (ValueError, TypeError):
        raise refused_passkey() from None
    organization_id, _, user_id = text.partition(".")
    if not is_id(organization_id) or not is_id(user_id):
        raise refused_passkey()
    return organization_id, user_id


async def passkey_signs_in(database: Database, desk: Desk, owner: Owner, document: Mapping[str, Any]) -> bool:
    """Whether the answer is one of the user's passkeys, shown by its holder in person; a challenge is good for one."""
    challenge, until = desk.challenge_of(SIGN_IN, document.get("state"))
    if not await _is_answered(database, desk, owner, _credential(document), challenge, in_person=True):
        return False
    taken = Statement(
        "INSERT INTO chassis.door_token (tenant_id, token_hash, purpose, user_id, created_at, expires_at, used_at)"
        " VALUES (%(tenant_id)s, %(hash)s, 'passkey', %(user_id)s, %(now)s, %(until)s, %(now)s)"
        " ON CONFLICT (tenant_id, token_hash) DO NOTHING RETURNING 1",
        owner.bound(hash=hashlib.sha256(challenge).digest(), now=clock.now(), until=until),
    )
    [rows] = await database.read(Binding(owner.tenant_id), taken)
    return bool(rows)


async def _is_answered(
    database: Database,
    desk: Desk,
    owner: Owner,
    credential: Mapping[str, Any],
    challenge: bytes,
    *,
    in_person: bool,
) -> bool:
    try:
        credential_id = base64.urlsafe_b64decode(f"{credential.get('rawId')}==")
    except ValueError:
        return False
    key = owner.bound(credential_id=credential_id)
    select = Statement(
        "SELECT public_key, sign_count FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND credential_id = %(credential_id)s AND kind = 'passkey'",
        key,
    )
    [rows] = await database.read(Binding(owner.tenant_id), select)
    if not rows:
        return False
    try:
        shown = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=desk.site.host,
            expected_origin=desk.site.origin,
            credential_public_key=bytes(rows[0][0]),
            credential_current_sign_count=rows[0][1],
            require_user_verification=in_person,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return False
    used = Statement(
        "UPDATE chassis.factor SET sign_count = %(sign_count)s, last_used_at = %(now)s"
        " WHERE tenant_id = %(tenant_id)s AND credential_id = %(credential_id)s",
        {**key, "sign_count": shown.new_sign_count, "now": clock.now()},
    )
    await database.read(Binding(owner.tenant_id), used)
    return True
