"""The sealed journal goes to syslog and to storage, at least once, in order, from where it was left."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from chassis_metadata.errors import Invalid
from chassis_platform.audit.entries import canonical
from chassis_platform.audit.sinks import Origin, Target, signed_headers, syslog_message
from chassis_platform.audit.stream import Place, SealedEntry
from chassis_platform.auth.secrets import seal
from chassis_platform.automation.journal_exports import NewExport, add_export, list_exports, remove_export, run_exports
from chassis_platform.operator import operator_context
from chassis_platform.settings import Settings
from chassis_tenants.journal import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.conftest import Journal

SETTINGS = Settings(webhook_hosts="127.0.0.1", webhook_private=True)


@contextmanager
def syslog() -> Iterator[tuple[int, bytearray]]:
    """A server that takes all that comes."""
    received = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)

        def take() -> None:
            connection, _ = listener.accept()
            with connection:
                while chunk := connection.recv(65536):
                    received.extend(chunk)

        thread = threading.Thread(target=take)
        thread.start()
        yield listener.getsockname()[1], received
        thread.join()


@contextmanager
def storage(status: int = 200) -> Iterator[tuple[int, dict[str, bytes], list[dict[str, str]]]]:
    """Something that takes PUTs, or refuses them."""
    objects: dict[str, bytes] = {}
    asked: list[dict[str, str]] = []

    class Taker(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append({name.lower(): value for name, value in self.headers.items()})
            if status == 200:
                objects[self.path] = body
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], objects, asked
    server.shutdown()
    server.server_close()
    thread.join()


async def send(journal: Journal, new: NewExport) -> None:
    context = await operator_context(journal.database, journal.tenant, None)
    await add_export(journal.database, context, OPERATOR, new)
    await run(journal)


async def run(journal: Journal) -> None:
    await run_exports(journal.database, SETTINGS, journal.home, journal.tenant.id)


async def shown(journal: Journal) -> dict[str, Any]:
    context = await operator_context(journal.database, journal.tenant, None)
    (found,) = await list_exports(journal.database, context)
    return found


def messages(received: bytes) -> list[str]:
    """Octet counting: a length, a space, a message."""
    found = []
    while received:
        length, _, rest = received.partition(b" ")
        found.append(rest[: int(length)].decode())
        received = rest[int(length) :]
    return found


async def test_syslog_gets_every_sealed_entry_once_and_in_order(sealed: Journal) -> None:
    with syslog() as (port, received):
        await send(sealed, NewExport("syslog", "SIEM", f"syslog://127.0.0.1:{port}"))

    found = messages(bytes(received))
    documents = [json.loads(each.partition("\ufeff")[2]) for each in found]
    assert len(found) == 90
    assert all(each.startswith("<110>1 20") for each in found)
    assert [(each["seal"], each["position"]) for each in documents] == sorted(
        (each["seal"], each["position"]) for each in documents
    )
    assert (await shown(sealed))["sent"] == 90


async def test_what_comes_later_is_sent_later_and_nothing_twice(sealed: Journal) -> None:
    with storage() as (port, objects, asked):
        new = NewExport("storage", "Archive", f"http://127.0.0.1:{port}/bucket", "eu-central-1", "AKIA", "secret")
        await send(sealed, new)
        await run(sealed)
        await sealed.write(2)
        await sealed.seal()
        await run(sealed)

    lines = [json.loads(line) for body in objects.values() for line in gzip.decompress(body).splitlines()]
    assert len(objects) == len(asked) == 2
    assert len(lines) == 96
    assert all(path.startswith(f"/bucket/{sealed.tenant.organization_id}/0000") for path in objects)
    assert all("Credential=AKIA/" in each["authorization"] for each in asked)
    assert all(each["host"] == f"127.0.0.1:{port}" for each in asked)


async def test_what_was_refused_is_told_and_tried_again_from_where_it_was_left(sealed: Journal) -> None:
    with storage(status=503) as (port, _, _):
        await send(sealed, NewExport("storage", "Archive", f"http://127.0.0.1:{port}/bucket"))
    refused = await shown(sealed)

    assert (refused["sequence"], refused["sent"]) == (0, 0)
    assert "503" in refused["last_error"]


async def test_nothing_goes_where_the_operator_does_not_allow_it(sealed: Journal) -> None:
    await send(sealed, NewExport("syslog", "SIEM", "syslog://192.0.2.1:601"))

    assert "CHASSIS_WEBHOOK_HOSTS" in (await shown(sealed))["last_error"]


@pytest.mark.parametrize("is_former", [False, True])
async def test_what_is_sent_is_signed_with_the_secret(sealed: Journal, *, is_former: bool) -> None:
    with storage() as (port, objects, asked):
        url = f"http://127.0.0.1:{port}/b"
        context = await operator_context(sealed.database, sealed.tenant, None)
        new = NewExport("storage", "Archive", url, secret="hush-hush")
        export_id = await add_export(sealed.database, context, OPERATOR, new)
        if is_former:  # sealed before tenants had keys for it
            kept = seal(sealed.home, sealed.tenant.id, "journal export", b"hush-hush")
            sealed.as_owner("UPDATE chassis.audit_export SET secret = %s WHERE id = %s", kept, export_id)
        await run(sealed)

    [(path, body)], [headers] = objects.items(), asked
    moment = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    target = Target(url, access_key="")
    expected = signed_headers(target, "hush-hush", "PUT", url.removesuffix("/b") + path, body, moment)
    assert headers["authorization"] == expected["authorization"]


async def test_an_address_holds_no_password(sealed: Journal) -> None:
    context = await operator_context(sealed.database, sealed.tenant, None)

    with pytest.raises(Invalid, match="no user name or password"):
        await add_export(sealed.database, context, OPERATOR, NewExport("storage", "S", "https://me:pass@s3.example/b"))


async def test_secrets_are_sealed_and_never_shown(sealed: Journal) -> None:
    with storage() as (port, _, _):
        await send(sealed, NewExport("storage", "Archive", f"http://127.0.0.1:{port}/b", secret="hush-hush"))

    ((stored,),) = sealed.as_owner("SELECT secret FROM chassis.audit_export WHERE tenant_id = {tenant}")
    found = await shown(sealed)
    assert b"hush-hush" not in bytes(stored)
    assert "hush-hush" not in str(found)
    assert "secret" not in found


async def test_an_export_can_be_ended_and_both_are_noted(sealed: Journal) -> None:
    context = await operator_context(sealed.database, sealed.tenant, None)
    good = NewExport("syslog", "SIEM", "syslog://127.0.0.1:1")
    export_id = await add_export(sealed.database, context, OPERATOR, good)
    await remove_export(sealed.database, context, OPERATOR, export_id)

    with pytest.raises(Invalid, match="kind is syslog"):
        await add_export(sealed.database, context, OPERATOR, replace(good, url="ftp://127.0.0.1"))
    actions = sealed.as_owner("SELECT action FROM data.setup_audit_trail WHERE tenant_id = {tenant} ORDER BY id")
    assert [action for (action,) in actions][-2:] == ["addedJournalExport", "removedJournalExport"]


@pytest.mark.parametrize(("region", "told"), [("eu-central", "eu-central"), (None, "-")])
def test_the_receiver_reads_where_the_data_have_to_stay(region: str | None, told: str) -> None:
    entry = SealedEntry(Place(1, 0), "login_history", "0Ya", canonical("login_history", '{"id":"0Ya"}'))

    head = syslog_message(entry, Origin("00D1", region)).split(b"\xef\xbb\xbf")[0].decode()

    assert head.endswith(f" 00D1 chassis {told} login_history - ")
