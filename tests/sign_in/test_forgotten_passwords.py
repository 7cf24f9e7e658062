"""Forgotten passwords: a link by e-mail that works once, and an answer that tells nothing of users."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from chassis_platform.auth.notices import Noticed
from chassis_platform.automation.account_notices import send_account_notice
from chassis_platform.automation.password_mails import send_reset_mail
from chassis_platform.settings import Settings
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from serving import PASSWORD
from sign_in.conftest import Door, code_of

NEW = "eine-lange-Reise-nach-Westen"


@dataclass
class Sink:
    """A mail server that keeps what it is sent."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append(message_from_bytes(await reader.readuntil(b"\r\n.\r\n"), policy=policy.default))
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
            if word == b"QUIT":
                break
        writer.close()


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    found = Sink()
    async with await asyncio.start_server(found.take, "127.0.0.1", 0) as server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


def ask(door: Door, username: str) -> httpx.Response:
    return door.client().post("/ui/password/forgotten", json={"username": username})


def queued(door: Door) -> list[str]:
    rows = door.sql(
        "SELECT payload->>'user_id' FROM chassis.job WHERE tenant_id = %s AND kind = 'password_mail'"
        " ORDER BY created_at",
        door.site.tenant_id,
    )
    return [row[0] for row in rows]


def test_the_answer_is_the_same_for_users_that_are_and_are_not(door: Door) -> None:
    answers = [ask(door, name) for name in (door.site.username("ada"), "nobody@nowhere.example", "x", "'; --")]

    assert {(each.status_code, each.text) for each in answers} == {(202, '{"sent":true}')}
    deadline = time.monotonic() + 10  # the work is done behind the answer, which would tell by its time otherwise
    while not queued(door) and time.monotonic() < deadline:
        pass
    assert queued(door) == [door.site.users["ada"]]


async def send(
    door: Door, database: Database, snapshots: SnapshotStore, sink: Sink, name: str, home: Path
) -> EmailMessage | None:
    """Do the job that was queued; answers the mail, if one was sent."""
    before = len(sink.mails)
    settings = Settings(home=home, smtp_host="127.0.0.1", smtp_port=sink.port, smtp_security="none")
    await send_reset_mail(database, snapshots, settings, door.site.tenant_id, door.site.users[name])
    return sink.mails[before] if len(sink.mails) > before else None


def token_of(mail: EmailMessage | None) -> str:
    assert mail is not None
    [link] = [word for word in mail.get_content().split() if "reset-password#" in word]
    return str(link.partition("#")[2])


def reset(door: Door, token: str, password: str) -> httpx.Response:
    return door.client().post("/ui/password/reset", json={"token": token, "new_password": password})


async def test_a_link_sets_a_password_once_and_ends_what_was_before(
    door: Door, database: Database, snapshots: SnapshotStore, sink: Sink, tmp_path: Path
) -> None:
    running = door.enter("bo")
    first = token_of(await send(door, database, snapshots, sink, "bo", tmp_path))
    second = token_of(await send(door, database, snapshots, sink, "bo", tmp_path))
    kept = door.sql("SELECT token_hash FROM chassis.door_token WHERE tenant_id = %s", door.site.tenant_id)
    assert all(first.encode() not in bytes(row[0]) for row in kept), "only its hash is kept"

    assert code_of(reset(door, first, "password123")) == "INVALID_NEW_PASSWORD"
    assert reset(door, first, NEW).json() == {"username": door.site.username("bo")}

    assert reset(door, first, f"{NEW}-2").status_code == 404
    assert reset(door, second, f"{NEW}-2").status_code == 404, "another link ends with it"
    assert running.get("/ui/bootstrap").status_code == 401
    assert door.attempt(door.client(), "bo", NEW).status_code == 200
    assert [each[2] for each in door.trail("sentPasswordLink")] == [door.site.users["bo"]] * 2


async def test_links_run_out_and_are_not_sent_without_end(
    door: Door, database: Database, snapshots: SnapshotStore, sink: Sink, tmp_path: Path
) -> None:
    mails = [await send(door, database, snapshots, sink, "cai", tmp_path) for _ in range(5)]
    assert [each is not None for each in mails] == [True, True, True, False, False]
    door.sql("UPDATE chassis.door_token SET expires_at = now() WHERE tenant_id = %s", door.site.tenant_id)

    assert reset(door, token_of(mails[0]), NEW).status_code == 404


@pytest.mark.parametrize("token", ["", "x", "00D000000000000000!" + "0" * 64])
def test_a_token_that_was_made_up_sets_nothing(door: Door, token: str) -> None:
    assert reset(door, token, NEW).status_code in (400, 404)


async def test_who_has_a_new_password_is_told_by_mail(
    door: Door, database: Database, snapshots: SnapshotStore, sink: Sink, tmp_path: Path
) -> None:
    changed = door.enter("pia").post("/ui/me/password", json={"password": PASSWORD, "new_password": NEW})
    assert changed.status_code == 200, changed.text
    noticed = door.sql(
        "SELECT payload->>'what' FROM chassis.job WHERE tenant_id = %s AND kind = 'account_notice'"
        " AND payload->>'user_id' = %s",
        door.site.tenant_id,
        door.site.users["pia"],
    )
    assert noticed == [("password",)]

    settings = Settings(home=tmp_path, smtp_host="127.0.0.1", smtp_port=sink.port, smtp_security="none")
    what = Noticed(noticed[0][0])
    await send_account_notice(database, snapshots, settings, door.site.tenant_id, door.site.users["pia"], what)

    [mail] = sink.mails
    assert "Your password was changed." in mail.get_content()
    assert NEW not in mail.as_string()
