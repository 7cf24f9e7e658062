"""Notices, e-mails and calls to other systems: whom, in which language, and what goes over the wire."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email import message_from_string, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest

from chassis_platform.automation.inbox import mark_read, page
from chassis_platform.automation.webhooks import allowed_address
from chassis_platform.outbound import NotAllowedError
from chassis_platform.settings import Settings
from flows.conftest import Desk, MakeDesk, at

FILES = {
    "flows/Tell.yaml": """
label: Tell
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Tell"'}}
steps:
  - name: Told
    notify:
      to: [{field: OwnerId}, {field: HelperId}, {queue: FirstLine}, {role: Head}]
      title: 'Ticket {!Name} is {!Status}'
      body: 'Score {!Score}, due {!DueOn}'
""",
    "flows/Mail_It.yaml": """
label: Mail it
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "<Mail> & more"'}}
steps:
  - email: {template: Welcome, to: [{field: HelperId}, {email: Email}]}
""",
    "email_templates/Welcome.yaml": """
label: Welcome
object: Ticket
subject: 'About {!Name}'
text: "Hello,\\n{!Name} is {!TEXT(Status)}."
html: '<p>{!Name}</p>'
from: The desk
reply_to: desk@example.com
""",
    "flows/Hook.yaml": """
label: Hook
object: Ticket
trigger: {record: {when: after_commit, events: [create], criteria: 'Name = "Hook"'}}
steps:
  - webhook: {url: HookUrl, secret: HookSecret, body: {ticket: Id, score: Score, urgent: IsUrgent}}
""",
    "flows/Push.yaml": """
label: Push
object: Ticket
trigger: {record: {when: after_commit, events: [create], criteria: 'IsUrgent'}}
steps:
  - webhook:
      address: Note
      attempts: 3
      answer: {flow: Answered, about: Id}
      text: {type: application/xml, content: '<t>{!Name}</t>'}
""",
    "flows/Answered.yaml": """
label: Answered
object: Ticket
trigger: {sub: {}}
variables:
  Succeeded: {type: boolean, input: true}
  IsLast: {type: boolean, input: true}
  Attempt: {type: number, input: true}
  Answer: {type: number, input: true}
  Said: {type: text, input: true}
steps:
  - update:
      Note: 'TEXT(Attempt) & " " & TEXT(BLANKVALUE(Answer, 0)) & " " & Said'
      Status: 'IF(Succeeded, "Done", IF(IsLast, "Refused", "Waiting"))'
""",
    "translations/zh_CN.yaml": """
flows:
  Tell:
    steps:
      Told:
        notify: {title: '工单{!Name}：{!Status}'}
objects:
  Ticket: {fields: {Status: {values: {Waiting: 等待回复}}}}
email_templates:
  Welcome: {subject: '关于{!Name}', text: '你好，{!Name}'}
""",
}


@dataclass
class Sink:
    """A mail server and a web server in one: what it was sent, line by line."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 204

    async def mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := (await reader.readline()).decode().strip():
            word = line.split(":")[0].split(" ")[0].upper()
            if word == "RCPT" and "nobody@" in line:
                writer.write(b"550 no such user\r\n")
                continue
            if word == "RCPT":
                self.recipients.append(line.partition("<")[2].partition(">")[0])
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                self.mails.append(message_from_string(text, policy=policy.default))
            writer.write(b"221 bye\r\n" if word == "QUIT" else b"250 fine\r\n")
            if word == "QUIT":
                break
        writer.close()

    async def web(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
        }
        self.posts.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {self.status} x\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


Serve = Callable[[str], Any]


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    found = Sink()
    async with await asyncio.start_server(found.mail, "127.0.0.1", 0) as server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


@pytest.fixture
async def hook() -> AsyncIterator[Sink]:
    found = Sink()
    async with await asyncio.start_server(found.web, "127.0.0.1", 0) as server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


@pytest.fixture(scope="module")
async def made(make_desk: MakeDesk) -> Desk:
    desk = await make_desk(FILES)
    zh = desk.world.record(
        "User", Name="wei", LastName="wei", Username="wei@desk.example", Email="wei@example.com", IsActive=True,
        LanguageLocaleKey="zh_CN",
    )  # fmt: skip
    desk.world.users["wei"] = zh
    return desk


@pytest.fixture
def desk(made: Desk) -> Desk:
    made.forget("data.email_message")
    made.settings = Settings(home=made.home)
    return made


async def test_each_reader_is_told_once_in_their_language(desk: Desk) -> None:
    record_id = await desk.make(Name="Tell", Score=3, Status="Waiting", HelperId=desk.world.users["wei"])
    rows = desk.all("notification", "user_id", "title", "body", "record_id", "owner_id = user_id")
    names = {user_id: name for name, user_id in desk.world.users.items()}
    assert {names[row[0]]: row[1:] for row in rows} == {
        "ann": ("Ticket Tell is Waiting for a reply", "Score 3, due ", record_id, True),
        "ben": ("Ticket Tell is Waiting for a reply", "Score 3, due ", record_id, True),
        "wei": ("工单Tell：等待回复", "Score 3, due ", record_id, True),
    }
    assert len(rows) == 3


async def test_the_inbox_has_ones_own_and_can_be_read(desk: Desk) -> None:
    for _ in range(3):
        await desk.make(Name="Tell")
    ann = await desk.as_("ann")
    first = await page(desk.database, ann, limit=2, after=None, unread=False)
    assert (len(first["notifications"]), first["unread"]) == (2, 3)
    rest = await page(desk.database, ann, limit=2, after=first["next"], unread=False)
    assert (len(rest["notifications"]), rest["next"]) == (1, None)
    await mark_read(desk.database, ann, [first["notifications"][0]["id"]])
    assert (await page(desk.database, ann, limit=9, after=None, unread=True))["unread"] == 2
    await mark_read(desk.database, ann, None)
    assert (await page(desk.database, ann, limit=9, after=None, unread=True))["notifications"] == []
    assert (await page(desk.database, await desk.as_("ben"), limit=9, after=None, unread=True))["unread"] == 3


async def test_without_a_mail_server_mails_stay_queued(desk: Desk) -> None:
    await desk.make(Name="<Mail> & more", Email="someone@example.com")
    await desk.work()
    assert desk.all("email_message", "to_address", "status", "subject") == [
        ("someone@example.com", "Queued", "About <Mail> & more")
    ]


async def test_mails_go_out_by_the_template_in_each_readers_language(desk: Desk, sink: Sink) -> None:
    desk.settings = Settings(
        home=desk.home,
        smtp_host="127.0.0.1",
        smtp_port=sink.port,
        smtp_security="none",
        smtp_from="chassis@example.com",
    )
    await desk.make(Name="<Mail> & more", Email="someone@example.com", HelperId=desk.world.users["wei"])
    assert sink.mails == []
    await desk.work()
    mails = {each["To"]: each for each in sink.mails}
    assert set(mails) == {"someone@example.com", "wei@example.com"}
    english = mails["someone@example.com"]
    assert (english["Subject"], english["From"]) == ("About <Mail> & more", "The desk <chassis@example.com>")
    assert english["Reply-To"] == "desk@example.com"
    plain, html = english.iter_parts()
    assert plain.get_content().split() == ["Hello,", "<Mail>", "&", "more", "is", "New."]
    assert html.get_content().strip() == "<p>&lt;Mail&gt; &amp; more</p>"
    assert mails["wei@example.com"]["Subject"] == "关于<Mail> & more"
    assert {row[0] for row in desk.all("email_message", "status")} == {"Sent"}
    await desk.work()
    assert len(sink.mails) == 2


async def test_an_address_that_is_refused_for_good_fails_alone(desk: Desk, sink: Sink) -> None:
    desk.settings = Settings(home=desk.home, smtp_host="127.0.0.1", smtp_port=sink.port, smtp_security="none")
    await desk.make(Name="<Mail> & more", Email="nobody@example.com", HelperId=desk.world.users["wei"])
    await desk.work()
    rows = desk.all("email_message", "to_address", "status", "error")
    assert sorted(rows) == [
        ("nobody@example.com", "Failed", "550 no such user"),
        ("wei@example.com", "Sent", None),
    ]


async def test_a_call_is_signed_and_made_after_the_commit(desk: Desk, hook: Sink) -> None:
    await set_values(desk, HookUrl=f"http://127.0.0.1:{hook.port}/hooks?a=1", HookSecret="s3cret")
    desk.settings = Settings(home=desk.home, webhook_hosts="127.0.0.1", webhook_private=True)
    record_id = await desk.make(Name="Hook", Score=7)
    await desk.work()
    [(headers, body)] = hook.posts
    assert json.loads(body) == {"ticket": record_id, "score": "7.00", "urgent": False}
    moment, _, digest = headers["x-chassis-signature"].removeprefix("t=").partition(",v1=")
    assert digest == hmac.new(b"s3cret", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


async def test_a_call_that_is_not_answered_well_is_made_again(desk: Desk, hook: Sink) -> None:
    await set_url(desk, f"http://127.0.0.1:{hook.port}/")
    desk.settings = Settings(home=desk.home, webhook_hosts="127.0.0.1", webhook_private=True)
    hook.status = 503
    await desk.make(Name="Hook")
    with pytest.raises(ConnectionError, match="answered 503"):
        await desk.work()


async def test_a_text_goes_to_the_address_of_the_record_and_the_answer_is_told(desk: Desk, hook: Sink) -> None:
    desk.settings = Settings(home=desk.home, webhook_hosts="127.0.0.1", webhook_private=True)
    hook.status = 503
    with at("2030-01-01T09:00:00+08:00"):
        record_id = await desk.make(Name="<A> & B", IsUrgent=True, Note=f"http://127.0.0.1:{hook.port}/x")
        await desk.work()
    assert told_of(desk, record_id) == ("1 503 <t>&lt;A&gt; &amp; B</t>", "Waiting")
    with at("2030-01-01T09:00:30+08:00"):
        await desk.work()
    assert len(hook.posts) == 1
    hook.status = 200
    with at("2030-01-01T09:01:00+08:00"):
        await desk.work()
    assert told_of(desk, record_id) == ("2 200 <t>&lt;A&gt; &amp; B</t>", "Done")
    [(first, body), (second, _)] = hook.posts
    assert (first["content-type"], body.decode()) == ("application/xml; charset=utf-8", "<t>&lt;A&gt; &amp; B</t>")
    assert first["x-chassis-delivery"] == second["x-chassis-delivery"]


async def test_a_call_is_given_up_after_its_attempts_and_made_nowhere_without_an_address(desk: Desk) -> None:
    desk.settings = Settings(home=desk.home, webhook_hosts="elsewhere.example")
    with at("2030-01-01T09:00:00+08:00"):
        silent = await desk.make(Name="Silent", IsUrgent=True)
        record_id = await desk.make(Name="Lost", IsUrgent=True, Note="http://127.0.0.1:9/x")
        await desk.work()
    for minute in ("01", "06", "59"):
        with at(f"2030-01-01T09:{minute}:00+08:00"):
            await desk.work()
    assert told_of(desk, record_id) == ("3 0 <t>Lost</t>", "Refused")
    assert told_of(desk, silent) == (None, "New")


def told_of(desk: Desk, record_id: str) -> tuple[str | None, str]:
    [row] = desk.world.sql("SELECT note, status FROM data.ticket WHERE id = %s", record_id)
    return (row[0], row[1])


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("http://127.0.0.1/", "127.0.0.1"),
        ("http://localhost/", "*"),
        ("http://[::1]/", "*"),
        ("http://169.254.169.254/latest", "*"),
        ("http://10.0.0.1/", "10.*"),
        ("https://example.com/", ""),
        ("https://example.com/", "other.example"),
        ("ftp://example.com/", "*"),
        ("file:///etc/passwd", "*"),
    ],
)
def test_what_must_not_be_called_is_not_called(url: str, hosts: str) -> None:
    with pytest.raises(NotAllowedError):
        allowed_address(Settings(webhook_hosts=hosts), urlsplit(url))


async def set_url(desk: Desk, url: str) -> None:
    await set_values(desk, HookUrl=url)


async def set_values(desk: Desk, **values: str | None) -> None:
    from chassis_tenants.customise import ComponentKey, save_component  # noqa: PLC0415
    from chassis_tenants.journal import OPERATOR  # noqa: PLC0415
    from chassis_tenants.registry import tenant_by_id  # noqa: PLC0415

    context = await desk.as_("admin")
    async with desk.database.transaction(context.unversioned.binding) as transaction:
        for name, value in values.items():
            key = ComponentKey("setting_value", name)
            await save_component(transaction, desk.snapshots, key, {"value": value}, OPERATOR)
    tenant = await tenant_by_id(desk.database, desk.world.tenant.id)
    assert tenant is not None
    desk.world.tenant = tenant
    desk.world.snapshot = await desk.snapshots.of(tenant.id, tenant.metadata_version)
