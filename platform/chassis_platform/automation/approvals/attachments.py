"""What requests and decisions carry along: addresses, and ids of records that the user may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from chassis_metadata.errors import Problem
from chassis_metadata.ids import is_id, normal_id
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.requests import Request
from chassis_platform.sql.check import referred_records
from chassis_platform.sql.formula_context import asking
from chassis_tenants.database import Transaction

MOST_ATTACHMENTS = 20
LONGEST_ADDRESS = 2_000
LONGEST_TOGETHER = 4_000  # what the history line holds


async def wrong_attachments(
    transaction: Transaction, context: Context, requests: Mapping[int, Request]
) -> dict[int, tuple[Problem, ...]]:
    """What is wrong with the attachments of each request; a statement for each object that ids are of."""
    carried = {place: _attachments(request) for place, request in requests.items()}
    readable = await _readable(
        transaction, context, {each for some in carried.values() for each in some if is_id(each)}
    )
    found = {place: tuple(_problems(some, readable)) for place, some in carried.items()}
    return {place: problems for place, problems in found.items() if problems}


def _attachments(request: Request) -> Sequence[str]:
    found: Sequence[str] = getattr(request, "attachments", ())
    return found


def _problems(attachments: Sequence[str], readable: set[str]) -> list[Problem]:
    if len(attachments) > MOST_ATTACHMENTS or len("\n".join(attachments)) > LONGEST_TOGETHER:
        message = f"At most {MOST_ATTACHMENTS} attachments, {LONGEST_TOGETHER:,} characters together."
        return [_problem(message)]
    return [_problem(wrong) for each in attachments if (wrong := _what_is_wrong(each, readable)) is not None]


def _problem(message: str) -> Problem:
    return Problem("attachments", "invalid_attachment", message, ("attachments",))


def _what_is_wrong(attachment: str, readable: set[str]) -> str | None:
    if is_id(attachment):
        is_there = normal_id(attachment) in readable
        return None if is_there else f"{attachment}: there is no such record, or you may not see it."
    shown = attachment[:80]
    if len(attachment) > LONGEST_ADDRESS or not attachment.isprintable() or " " in attachment:
        return f"{shown!r} is no address: it has blanks, or more than {LONGEST_ADDRESS:,} characters."
    try:
        parts = urlsplit(attachment)
        is_address = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        is_address = False
    return None if is_address else f"{shown!r} is neither an https address nor the id of a record."


async def _readable(transaction: Transaction, context: Context, ids: set[str]) -> set[str]:
    by_prefix: dict[str, list[str]] = {}
    for each in sorted(map(normal_id, ids)):
        by_prefix.setdefault(each[:3], []).append(each)
    prefixes = context.snapshot.objects_by_prefix
    known = {prefix: prefixes[prefix] for prefix in by_prefix if prefix in prefixes}
    asked = [
        referred_records(obj, context).bind(tenant_id=context.tenant.id, **asking(context), ids=by_prefix[prefix])
        for prefix, obj in known.items()
        if context.policy.on(obj.name).read
    ]
    answers = await transaction.fetch_each(asked) if asked else []
    return {row[0] for rows in answers for row in rows}
