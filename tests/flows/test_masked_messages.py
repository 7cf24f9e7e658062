"""What leaves by notices, e-mails and calls is masked as rules want it, unless the author says why not."""

from __future__ import annotations

import pytest

from flows.conftest import Desk, MakeDesk

FILES = {
    "masking_rules/Contact.yaml": """
label: Contact
fields: [Ticket.Email, Ticket.Note, Ticket.Score, Ticket.DueOn]
masks: {Ticket.Email: email, Ticket.Score: range, Ticket.DueOn: year}
clear: [{permission_sets: [Clerk]}]
""",
    "flows/Tell.yaml": """
label: Tell
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Tell"'}}
steps:
  - notify:
      to: [{field: OwnerId}]
      title: '{!Email} {!Score} {!DueOn} {!Note}'
      body: '{!LEFT(Email, 3)} {!IF(ISBLANK(Email), "none", "some")} {!Status}'
  - notify: {to: [{field: OwnerId}], title: 'clear {!Email}', clear: The owner works with it.}
  - email: {template: Welcome, to: [{email: Email}]}
  - email: {template: Receipt, to: [{email: Email}]}
  - webhook: {url: HookUrl, body: {email: Email, score: Score, urgent: 'ISBLANK(Email)', made: 'Email & "!"'}}
  - webhook: {url: HookUrl, body: {email: Email}, clear: The other system sends the letters.}
""",
    "email_templates/Welcome.yaml": """
label: Welcome
object: Ticket
subject: 'About {!Email}'
text: 'Due {!DueOn}'
""",
    "email_templates/Receipt.yaml": """
label: Receipt
object: Ticket
subject: 'About {!Email}'
text: 'Due {!DueOn}'
clear: The reader gave the address.
""",
}


@pytest.fixture(scope="module")
async def desk(make_desk: MakeDesk) -> Desk:
    return await make_desk(FILES)


async def test_readers_are_told_what_masks_leave(desk: Desk) -> None:
    await desk.make(
        Name="Tell", Email="anna@example.com", Score=123456, DueOn="1985-06-30", Note="secret", Status="Open"
    )

    notices = desk.all("notification", "title", "body")
    assert sorted(notices, key=str) == [
        ("a***@example.com 100000-200000 1985 ******", "****** ****** Open"),
        ("clear anna@example.com", None),
    ]
    mails = desk.all("email_message", "to_address", "subject", "text_body")
    assert mails == [
        ("anna@example.com", "About a***@example.com", "Due 1985"),
        ("anna@example.com", "About anna@example.com", "Due 1985-06-30"),
    ]
    rows = desk.world.sql("SELECT payload -> 'document' FROM chassis.job WHERE kind = 'call_webhook' ORDER BY id")
    assert [each for (each,) in rows] == [
        {"email": "a***@example.com", "score": "100000-200000", "urgent": False, "made": "******"},
        {"email": "anna@example.com"},
    ]
