"""Documents that flows send: made after the commit, masked as who set the flow off sees them, or in clear."""

from __future__ import annotations

import pytest

from chassis_platform.settings import Settings
from flows.conftest import Desk, MakeDesk
from flows.test_messages import Sink, hook, set_url, set_values

__all__ = ["hook"]

DOCUMENT = """
label: Ticket
object: Ticket
format: xml
fields: [Name, Email, Note]
content:
  - name: ticket
    content: [{name: email, text: Email}, {name: note, text: Note}]
"""
FILES = {
    "masking_rules/Contact.yaml": """
label: Contact
fields: [Ticket.Email, Ticket.Note]
masks: {Ticket.Email: email}
clear: [{permission_sets: [SystemAdministrator]}]
""",
    "outbound_documents/Ticket.yaml": DOCUMENT,
    "flows/Masked.yaml": """
label: Masked
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Masked"'}}
steps:
  - send_document: {document: Ticket, url: HookUrl, secret: HookSecret}
""",
    "flows/Clear.yaml": """
label: Clear
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Clear"'}}
steps:
  - send_document: {document: Ticket, address: Note, clear: The other system sends the letters.}
""",
}


@pytest.fixture(scope="module")
async def desk(make_desk: MakeDesk) -> Desk:
    return await make_desk(FILES)


async def test_a_document_says_what_who_set_the_flow_off_may_see(desk: Desk, hook: Sink) -> None:
    await set_values(desk, HookUrl=f"http://127.0.0.1:{hook.port}/in", HookSecret="s3cret")
    desk.settings = Settings(home=desk.home, webhook_hosts="127.0.0.1", webhook_private=True)

    await desk.make(Name="Masked", Email="anna@example.com", Note="secret")
    queued = desk.world.sql("SELECT payload::text FROM chassis.job WHERE kind = 'send_document'")
    await desk.work()

    [(headers, body)] = hook.posts
    assert headers["content-type"] == "application/xml; charset=utf-8"
    assert b"<email>a***@example.com</email>" in body
    assert b"secret" not in body
    assert "anna" not in queued[0][0]
    assert headers["x-chassis-signature"].startswith("t=")


async def test_a_flow_may_say_why_a_receiver_sees_all_and_without_an_address_nothing_is_sent(
    desk: Desk,
    hook: Sink,
) -> None:
    desk.settings = Settings(home=desk.home, webhook_hosts="127.0.0.1", webhook_private=True)

    await desk.make(Name="Clear", Email="anna@example.com", Note=f"http://127.0.0.1:{hook.port}/in")
    await desk.make(Name="Clear", Email="nobody@example.com")
    await desk.work()

    [(_, body)] = hook.posts
    assert b"<email>anna@example.com</email>" in body


async def test_what_was_not_taken_is_made_and_sent_again(desk: Desk, hook: Sink) -> None:
    await set_url(desk, f"http://127.0.0.1:{hook.port}/in")
    desk.settings = Settings(home=desk.home, webhook_hosts="127.0.0.1", webhook_private=True)
    hook.status = 503

    await desk.make(Name="Masked", Email="anna@example.com")

    with pytest.raises(ConnectionError, match="answered 503"):
        await desk.work()
