"""Revealing values: rules are asked, a grant is kept, the journal says who, what and why, the values are answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import new_id
from chassis_metadata.logic.masking_rule import Requirement
from chassis_metadata.snapshot import Object
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.field_masks import Conditions
from chassis_platform.automation.keeping import inserted, with_ids
from chassis_platform.automation.reveals.ways import Asked, Way, asked_of, chosen
from chassis_platform.plan.single import masked_parts
from chassis_platform.sql.clearness import GRANT
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.reveal_conditions import conditions_met, identified
from chassis_platform.sql.shown_values import read_shown, shown_values
from chassis_tenants.database import Database, Transaction
from chassis_tenants.journal import Access, access_entry

DOOR = "reveal"
SHORTEST_REASON, LONGEST_REASON = 3, 255
PENDING, SHOWN, REFUSED = "Pending", "Shown", "Refused"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who asks for which fields of which record, and why."""

    record_id: str
    fields: tuple[str, ...]
    reason: str
    verification_id: str | None = None


@dataclass(frozen=True, slots=True)
class Revealed:
    """The values until they expire, or the request that waits for a colleague."""

    request_id: str
    status: str
    expires: datetime | None
    values: Mapping[str, Any]


async def reveal(database: Database, context: Context, obj: Object, wish: Wish) -> Revealed:
    """Show masked fields of a record to the user, or note that somebody has to approve it."""
    if not SHORTEST_REASON <= len(wish.reason.strip()) <= LONGEST_REASON:
        message = f"Give a reason of {SHORTEST_REASON} to {LONGEST_REASON} characters."
        raise Invalid.of("required_field_missing", message, path="reason")
    asked = asked_of(context, obj, wish.fields)
    async with database.transaction(context.binding) as transaction:
        proofs = await _proofs(transaction, context, obj, wish, asked)
        ways = await _ways(transaction, context, obj, wish, asked, proofs)
        waits = any(each.reveal.requires is Requirement.APPROVAL for each in ways)
        _demand_verification(context, wish, ways, proofs)
        expires = None if waits else clock.now() + timedelta(minutes=_minutes(ways))
        request_id = new_id(context.snapshot.objects[GRANT].key_prefix)
        rows = _rows(context, obj, wish, ways, proofs, (request_id, expires))
        await transaction.fetch_each(list(inserted(context, GRANT, rows)))
        if waits:
            return Revealed(request_id, PENDING, None, {})
        await transaction.fetch(_entry(context, obj, wish))
        return Revealed(request_id, SHOWN, expires, await _values(transaction, context, obj, wish))


async def _proofs(
    transaction: Transaction, context: Context, obj: Object, wish: Wish, asked: Sequence[Asked]
) -> Mapping[str, str]:
    """By rule, the record that proves that the person was identified: the one that is named, or the newest."""
    wanted = {way.rule.name: way.rule for one in asked for way in one.ways if way.asks_for_verification}
    rules = [(name, each.verification) for name, each in wanted.items() if each.verification is not None]
    bound = {**_who(context), "record_id": wish.record_id, "verification_id": wish.verification_id}
    answers = await transaction.fetch_each([identified(obj, each, context).bind(**bound) for _, each in rules])
    return {name: rows[0][0] for (name, _), rows in zip(rules, answers, strict=True) if rows}


async def _ways(
    transaction: Transaction,
    context: Context,
    obj: Object,
    wish: Wish,
    asked: Sequence[Asked],
    proofs: Mapping[str, str],
) -> list[Way]:
    conditions = list(dict.fromkeys(each for one in asked for each in one.conditions()))
    met = await _met(transaction, context, obj, wish.record_id, conditions)
    found = (chosen(each, met, proofs, is_named=wish.verification_id is not None) for each in asked)
    return [each for each in found if each is not None]


async def _met(
    transaction: Transaction, context: Context, obj: Object, record_id: str, conditions: Sequence[Conditions]
) -> Mapping[Conditions, bool]:
    statement = conditions_met(obj, conditions, context)
    rows = await transaction.fetch(statement.bind(**_who(context), record_id=record_id))
    if not rows:
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
    return dict(zip(conditions, rows[0][1:], strict=True))


def _who(context: Context) -> dict[str, Any]:
    return {"tenant_id": context.tenant.id, "tenant": context.tenant.id, **asking(context)}


def _demand_verification(context: Context, wish: Wish, ways: Sequence[Way], proofs: Mapping[str, str]) -> None:
    for way in ways:
        verification = way.rule.verification
        if not way.asks_for_verification or verification is None or way.rule.name in proofs:
            continue
        label = context.snapshot.objects[verification.object_name].label
        if wish.verification_id is None:
            message = f"Identify the person first: there is no {label} of your own that still holds."
        else:
            message = f"That {label} does not prove that you identified this person, or no longer."
        raise Invalid.of("identity_required", message, path="verification")


def _minutes(ways: Sequence[Way]) -> int:
    return min((each.reveal.minutes for each in ways), default=1)


def _rows(
    context: Context,
    obj: Object,
    wish: Wish,
    ways: Sequence[Way],
    proofs: Mapping[str, str],
    request: tuple[str, datetime | None],
) -> list[dict[str, Any]]:
    request_id, expires = request
    same = {
        "UserId": context.principal.user_id,
        "OwnerId": context.principal.user_id,
        "ObjectName": obj.name,
        "RecordId": wish.record_id,
        "Reason": wish.reason.strip(),
        "Minutes": _minutes(ways),
        "ExpiresAt": expires,
        "Status": PENDING if expires is None else SHOWN,
        "RequestId": request_id,
    }
    return with_ids(
        context.snapshot.objects[GRANT],
        [
            same | {"FieldName": each.field, "RuleName": each.rule.name, "VerificationId": proofs.get(each.rule.name)}
            for each in ways
        ],
    )


def _entry(context: Context, obj: Object, wish: Wish) -> Any:
    principal = context.principal
    read = Access(
        object_name=obj.name,
        record_ids=[wish.record_id],
        fields=wish.fields,
        door=DOOR,
        session_id=principal.session_id,
        client_name=principal.client_name,
        reason=wish.reason.strip(),
    )
    return access_entry(context.tenant.id, context.actor, read)


async def _values(transaction: Transaction, context: Context, obj: Object, wish: Wish) -> Mapping[str, Any]:
    names = masked_parts(obj, wish.fields)
    asked = shown_values(obj, names, context).bind(**_who(context), ids=[wish.record_id])
    found = read_shown(names, await transaction.fetch(asked))
    return found.get(wish.record_id, {})
