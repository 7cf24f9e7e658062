"""A tenant's secrets under its own keys: of webhooks, of identity providers, of where its journal is sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from chassis_metadata.errors import Unavailable
from chassis_platform.access.compile import PolicyStore
from chassis_platform.audit.keys import load_signer
from chassis_platform.audit.seal import seal_journal
from chassis_platform.auth.federation.provider_setup import (
    create_provider,
    list_providers,
    provider_of,
    update_provider,
)
from chassis_platform.auth.federation.providers import find_secret
from chassis_platform.auth.federation.saml_keys import key_pairs, new_pair, renew_key
from chassis_platform.auth.secrets import seal
from chassis_platform.auth.tenant_secrets import ANSWER, LASTING, DestroyedSecretError
from chassis_platform.automation.encryption import sealing_anew
from chassis_platform.automation.encryption.destruction import destroy_keys, wish_destruction
from chassis_platform.automation.encryption.kept_secrets import seal_kept_secrets
from chassis_platform.automation.encryption.rotation import JOB, rotate, state_of_keys
from chassis_platform.automation.encryption.sealing_anew import _Anew
from chassis_platform.automation.journal_exports import NewExport, add_export, list_exports, run_exports
from chassis_platform.automation.webhook_subscriptions.definition import read_definition
from chassis_platform.automation.webhook_subscriptions.replay import list_deliveries, ping
from chassis_platform.automation.webhook_subscriptions.sending import Sender, send_changes
from chassis_platform.automation.webhook_subscriptions.store import (
    create_webhook,
    load_webhook,
    rotate_secret,
    show_webhook,
    update_webhook,
)
from chassis_platform.automation.webhooks import signature
from chassis_platform.settings import Settings
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.server import WorkerServer
from chassis_tenants.journal import OPERATOR
from chassis_tenants.sealing import DOCUMENT
from webhooks.conftest import receiver  # noqa: F401  a fixture

if TYPE_CHECKING:
    from chassis_platform.access.context import Context
    from encryption.conftest import Club
    from webhooks.conftest import Receiver

CLIENT, STORAGE, FORMER = "client-secret-of-ours", "storage-secret-of-ours", "secret-of-before"
OPENID = {"kind": "oidc", "label": "Login", "issuer": "https://login.example", "client_id": "club"}
SETTINGS = Settings(webhook_hosts="127.0.0.1", webhook_private=True)
STORED = [(kind.table, column) for kind in LASTING for column in kind.columns]
NOTHING_TO_SIGN_WITH = "nothing is sent unsigned"


@dataclass
class Kept:
    """One secret of each kind, and how each is used."""

    club: Club
    admin: Context
    webhook: str
    signs: str
    openid: str
    saml: str
    export: str

    @property
    def tenant_id(self) -> int:
        return self.club.world.tenant.id

    async def signing(self) -> tuple[str, ...]:
        """What signs the webhook's calls."""
        found = await load_webhook(self.club.database, self.club.home, self.tenant_id, self.webhook)
        assert found is not None
        assert not any(each in str(found) for each in found.secrets)
        return found.secrets

    async def client_secret(self) -> str:
        provider = await provider_of(self.club.database, self.admin, self.openid)
        return (await find_secret(self.club.database, provider)).opened(self.club.home)

    async def certificate(self) -> str:
        """By what the SAML provider knows us."""
        provider = await provider_of(self.club.database, self.admin, self.saml)
        return (await key_pairs(self.club.database, self.club.home, provider))[0].certificate

    async def all(self) -> tuple[Any, ...]:
        return await self.signing(), await self.client_secret(), await self.certificate()

    def worker(self) -> WorkerServer:
        club = self.club
        return WorkerServer(club.database, club.snapshots, PolicyStore(club.database), SETTINGS, club.home)

    async def send(self, **payload: Any) -> None:
        """As the worker does."""
        club = self.club
        sender = Sender(club.database, club.snapshots, PolicyStore(club.database), SETTINGS, club.home)
        await send_changes(sender, self.tenant_id, {"webhook": self.webhook, **payload})

    async def shown(self) -> Any:
        return await show_webhook(self.club.database, self.admin, self.webhook)

    async def has_secret(self) -> dict[str, bool]:
        found = await list_providers(self.club.database, self.admin)
        return {each["name"]: each["has_secret"] for each in found}

    async def send_journal(self) -> str | None:
        """Answers what was wrong with it."""
        await seal_journal(self.club.database, self.club.world.tenant, load_signer(self.club.home))
        await run_exports(self.club.database, SETTINGS, self.club.home, self.tenant_id)
        [found] = await list_exports(self.club.database, self.admin)
        return None if found["last_error"] is None else str(found["last_error"])

    def stored(self) -> list[bytes]:
        """Every secret as it lies there."""
        found = [row for table, column in STORED for row in self.club.world.sql(f"SELECT {column} FROM {table}")]  # noqa: S608
        return [bytes(value) for (value,) in found if value is not None]

    def sealed_by(self) -> set[int]:
        """The data keys that sealed them; 0: none did."""
        return {int.from_bytes(each[len(DOCUMENT) :][:4]) if each.startswith(DOCUMENT) else 0 for each in self.stored()}

    def put(self, table: str, column: str, record_id: str, content: bytes) -> None:
        """As somebody would who can write into the database."""
        self.club.world.sql(f"UPDATE {table} SET {column} = %s WHERE id = %s", content, record_id)  # noqa: S608

    def put_former(self) -> None:
        """As they were kept before tenants had keys for them."""
        for (table, column), record_id, purpose in (
            (STORED[0], self.webhook, "webhook"),
            (STORED[1], self.webhook, "webhook"),
            (STORED[2], self.openid, f"identity_provider {self.openid}"),
            (STORED[3], self.export, "journal export"),
        ):
            self.put(table, column, record_id, seal(self.club.home, self.tenant_id, purpose, FORMER.encode()))

    async def renew(self) -> str:
        """New secrets for all, as an administrator gives them; answers what signs."""
        database = self.club.database
        await update_provider(database, self.admin, self.openid, {"client_secret": CLIENT})
        return (await rotate_secret(database, self.admin, self.webhook))[0]


@pytest.fixture
async def kept(club: Club, receiver: Receiver) -> Kept:  # noqa: F811  the fixture
    club.world.sql(
        "TRUNCATE chassis.webhook, chassis.webhook_delivery, chassis.identity_provider, chassis.audit_export"
    )
    admin, database = await club.world.as_user("admin"), club.database
    document = {"label": "Out", "url": receiver.url, "objects": [{"object": "Member"}]}
    definition = read_definition(admin, {**document, "run_as_user_id": admin.principal.user_id})
    webhook, signs = await create_webhook(database, admin, definition)
    openid = await create_provider(database, admin, {**OPENID, "name": "login", "client_secret": CLIENT})
    pem = new_pair("theirs").certificate
    there = {"entity_id": "https://saml.example", "sign_in_url": "https://saml.example/in", "certificates": [pem]}
    saml = await create_provider(database, admin, {"kind": "saml", "name": "saml", "label": "SAML", **there})
    url = receiver.url.partition("?")[0]
    export = await add_export(database, admin, admin.actor, NewExport("storage", "Archive", url, secret=STORAGE))
    return Kept(club, admin, webhook, signs, openid, saml, export)


async def destroyed(kept: Kept) -> None:
    await wish_destruction(kept.club.database, kept.admin, "We leave")
    await destroy_keys(kept.club.database, kept.tenant_id)


async def test_each_is_sealed_by_the_tenants_key_and_stands_nowhere_in_clear(kept: Kept) -> None:
    signs, client_secret, certificate = await kept.all()

    assert (signs, client_secret) == ((kept.signs,), CLIENT)
    assert len(kept.stored()) == 4
    assert all(each.startswith(DOCUMENT) for each in kept.stored())
    assert kept.club.places_of(kept.signs, CLIENT, STORAGE, "PRIVATE KEY") == []
    assert "BEGIN CERTIFICATE" in certificate
    assert await kept.has_secret() == {"login": True, "saml": True}


async def test_a_new_data_key_seals_them_anew_while_they_are_used(kept: Kept) -> None:
    before, done = await kept.all(), False
    number = await rotate(kept.club.database, kept.tenant_id, OPERATOR)

    async def use() -> None:
        while not done:
            assert await kept.all() == before

    using = asyncio.create_task(use())
    await kept.club.work()
    done = True
    await using

    assert kept.sealed_by() == {number}
    assert await kept.all() == before
    rotation = (await state_of_keys(kept.club.database, kept.tenant_id))["rotation"]
    assert rotation["finished"]
    assert rotation["sealed_anew"] >= 4


async def test_a_rotation_ends_when_a_newer_one_begins(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    database, tenant_id = kept.club.database, kept.tenant_id
    await kept.club.make(Email="one@example.com")
    go_over, begun = _Anew.go_over, [await rotate(database, tenant_id, OPERATOR)]

    async def meanwhile(anew: _Anew, place: str | None, last_id: str) -> int:
        if len(begun) == 1:
            begun.append(await rotate(database, tenant_id, OPERATOR))
        return await go_over(anew, place, last_id)

    monkeypatch.setattr(_Anew, "go_over", meanwhile)
    await asyncio.wait_for(kept.club.work(), 60)

    assert kept.sealed_by() == {begun[1]} == {begun[0] + 1}
    finished = kept.club.world.sql("SELECT number FROM chassis.key_rotation WHERE finished_at IS NOT NULL")
    assert (begun[1],) in finished
    assert (begun[0],) not in finished


async def test_a_rotation_that_stopped_at_the_secrets_goes_on(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await rotate(kept.club.database, kept.tenant_id, OPERATOR)
    with monkeypatch.context() as broken:
        broken.setattr(sealing_anew, "seal_kept_secrets", None)
        with pytest.raises(TypeError):
            await kept.club.work()
    stopped = (await state_of_keys(kept.club.database, kept.tenant_id))["rotation"]["finished"]
    await HANDLERS[JOB](kept.worker(), kept.tenant_id, {"number": number})

    assert stopped is None
    assert kept.sealed_by() == {number}
    assert (await state_of_keys(kept.club.database, kept.tenant_id))["rotation"]["finished"]


@pytest.mark.parametrize("by", ["rotation", "the clock"])
async def test_secrets_of_before_are_used_and_sealed_anew(kept: Kept, by: str) -> None:
    kept.put_former()
    club, later = kept.club, "now() + interval '1 hour'"
    club.world.sql(f"UPDATE chassis.webhook SET old_secret_until = {later}")  # noqa: S608  the line above
    used = (await kept.signing(), await kept.client_secret(), await kept.has_secret())
    ways = kept.sealed_by()
    if by == "rotation":
        await rotate(club.database, kept.tenant_id, OPERATOR)
        await club.work()
    else:
        await HANDLERS["expire"](kept.worker(), kept.tenant_id, {})

    assert used == ((FORMER, FORMER), FORMER, {"login": True, "saml": False})
    assert ways == {0}
    assert 0 not in kept.sealed_by()
    assert (await kept.signing(), await kept.client_secret()) == ((FORMER, FORMER), FORMER)
    assert await seal_kept_secrets(club.database, club.home, kept.tenant_id, 0) == 0
    assert "501" in str(await kept.send_journal()), "it was signed and sent, to who takes no PUT"


async def test_what_was_changed_in_the_database_is_no_secret_and_stops_nothing_else(kept: Kept, club: Club) -> None:
    stored = bytes(club.world.sql("SELECT secret FROM chassis.webhook")[0][0])
    kept.put("chassis.identity_provider", "sealed_secret", kept.openid, stored)
    with pytest.raises(Unavailable) as swapped:
        await kept.client_secret()
    for forged in (b"\x02mine", b"mine", b"\x01mine", DOCUMENT[:-1] + b"mine"):
        kept.put("chassis.webhook", "secret", kept.webhook, forged)
        with pytest.raises(Unavailable):
            await kept.signing()
    with pytest.raises(Unavailable):
        await kept.send()
    kept.put("chassis.audit_export", "secret", kept.export, b"\x01mine")
    told = await kept.send_journal()
    kept.put("chassis.identity_provider", "sealed_secret", kept.openid, b"\x01mine")

    assert swapped.value.problems[0].code == "unreadable_value"
    assert kept.export in str(told)
    assert await seal_kept_secrets(club.database, club.home, kept.tenant_id, 0) == 0


async def test_without_its_keys_nothing_is_sent_unsigned_and_new_secrets_bring_all_back(
    kept: Kept,
    club: Club,
    receiver: Receiver,  # noqa: F811  the fixture
) -> None:
    database = club.database
    former_certificate = await kept.certificate()
    receiver.answers = [500]
    await kept.send(delivery=await ping(database, kept.admin, kept.webhook))
    [answered] = await list_deliveries(database, kept.admin, club.home, kept.webhook, None, 1)
    await destroyed(kept)
    await club.make(Email="new@example.com")
    receiver.calls.clear()

    tried = await ping(database, kept.admin, kept.webhook)
    await kept.send(delivery=tried)
    await kept.send()
    [test, blank] = await list_deliveries(database, kept.admin, club.home, kept.webhook, None, 2)
    with pytest.raises(DestroyedSecretError, match="Set a new one"):
        await kept.client_secret()
    journal = await kept.send_journal()
    has_secret, stopped = await kept.has_secret(), await kept.shown()

    assert answered["answer"] == "wrong"
    assert (test["id"], test["status"], blank["answer"]) == (tried, "dead", None)
    assert NOTHING_TO_SIGN_WITH in test["error"]
    assert receiver.calls == []
    assert (stopped["is_active"], stopped["stopped_because"]) == (False, "secret")
    assert "destroyed" in str(journal)
    assert has_secret == {"login": False, "saml": False}

    certificate = await kept.certificate()
    renewed = await renew_key(database, kept.admin, club.home, await provider_of(database, kept.admin, kept.saml))
    signs = await kept.renew()
    definition = read_definition(
        kept.admin,
        {name: stopped[name] for name in ("label", "url", "objects")} | {"run_as_user_id": club.world.users["admin"]},
    )
    await update_webhook(database, kept.admin, kept.webhook, definition, {})
    await kept.send()

    [(headers, body)] = receiver.calls
    moment = headers["x-chassis-signature"].removeprefix("t=").partition(",")[0]
    assert headers["x-chassis-signature"] == signature(signs, body, int(moment))
    assert await kept.client_secret() == CLIENT
    assert len({former_certificate, certificate, renewed}) == 3
    assert await kept.certificate() == renewed
    assert await kept.has_secret() == {"login": True, "saml": True}


async def test_what_was_kept_before_goes_with_the_keys(kept: Kept) -> None:
    kept.put_former()
    kept.put("chassis.identity_provider", "sealed_secret", kept.saml, seal(kept.club.home, kept.tenant_id, "x", b"y"))
    await destroyed(kept)

    assert set(kept.stored()) == {b""}
    assert await kept.signing() == ()
    with pytest.raises(DestroyedSecretError):
        await kept.client_secret()
    assert await kept.has_secret() == {"login": False, "saml": False}


async def test_answers_of_others_are_sealed_where_they_are_kept(kept: Kept, receiver: Receiver) -> None:  # noqa: F811
    receiver.answers = [500]
    await kept.send(delivery=await ping(kept.club.database, kept.admin, kept.webhook))
    [(stored,)] = kept.club.world.sql("SELECT answer FROM chassis.webhook_delivery")
    [shown] = await list_deliveries(kept.club.database, kept.admin, kept.club.home, kept.webhook, None, 1)
    former = seal(kept.club.home, kept.tenant_id, "webhook", b"of before")
    kept.put(ANSWER.table, "answer", shown["id"], former)
    [of_before] = await list_deliveries(kept.club.database, kept.admin, kept.club.home, kept.webhook, None, 1)

    assert bytes(stored).startswith(DOCUMENT)
    assert (shown["answer"], of_before["answer"]) == ("wrong", "of before")
