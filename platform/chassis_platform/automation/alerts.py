"""Alert rules at work: each new seal's entries are looked at once, and what is too much becomes an alert."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from chassis_metadata.logic.alert_rule import KIND, AlertRule, alert_rules_of
from chassis_platform import coverage
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common, inserted, take_turns, with_ids
from chassis_platform.automation.notify import Notice, give_notice
from chassis_platform.automation.people import Naming, Person, people
from chassis_platform.automation.unattended import unattended
from chassis_platform.sql.alert_rows import windows_above
from chassis_tenants.database import Database, Transaction
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

OBJECT = "JournalAlert"
#: Of a journal that no rule looked at before, only so much is looked at.
FIRST_LOOK = timedelta(days=1)

_SEALS = Statement(
    "SELECT (SELECT m.sequence FROM chassis.audit_alert_mark m WHERE m.tenant_id = %(tenant_id)s),"
    " (SELECT max(s.sequence) FROM chassis.audit_seal s WHERE s.tenant_id = %(tenant_id)s),"
    " (SELECT max(s.sequence) FROM chassis.audit_seal s WHERE s.tenant_id = %(tenant_id)s"
    "  AND s.covered_until < (SELECT max(n.covered_until) FROM chassis.audit_seal n"
    "   WHERE n.tenant_id = %(tenant_id)s) - %(first_look)s::interval)"
)
_MARK = Statement(
    "INSERT INTO chassis.audit_alert_mark AS m (tenant_id, sequence) VALUES (%(tenant_id)s, %(sequence)s)"
    " ON CONFLICT (tenant_id) DO UPDATE SET sequence = excluded.sequence"
)
#: When each rule last told of somebody: it is quiet about the same one for a window's length.
_TOLD = Statement(
    "SELECT rule_name, subject, max(window_end) FROM tenant.journal_alert"
    " WHERE tenant_id = %(tenant_id)s AND NOT is_deleted AND window_end > %(since)s GROUP BY rule_name, subject"
)


@dataclass(frozen=True, slots=True)
class Found:
    """That a rule's limit was passed."""

    rule: AlertRule
    whom: str
    user_id: str | None
    moment: datetime
    total: Decimal
    entry_id: str


async def check_alerts(database: Database, snapshots: SnapshotStore, tenant_id: int) -> int:
    """Look at the entries of all seals since the last look; answers how many alerts were made.

    Looking, alerts and the mark are one transaction: a look that is repeated finds what it found, or nothing to do.
    """
    context = await unattended(database, snapshots, tenant_id)
    if context is None:
        return 0
    async with database.transaction(context.binding) as transaction:
        await take_turns(transaction, context, "journal_alerts")
        bounds = await _new_seals(transaction, tenant_id)
        if bounds is None:
            return 0
        found = await _found(transaction, context, bounds)
        await transaction.fetch(_MARK.bind(tenant_id=tenant_id, sequence=bounds[1]))
        return await _tell(transaction, context, found) if found else 0


async def _new_seals(transaction: Transaction, tenant_id: int) -> tuple[int, int] | None:
    """Behind which seal to look, up to which; None where there are no new ones."""
    [(mark, newest, old)] = await transaction.fetch(_SEALS.bind(tenant_id=tenant_id, first_look=FIRST_LOOK))
    after = (old or 0) if mark is None else mark
    return None if newest is None or newest <= after else (after, newest)


async def _found(transaction: Transaction, context: Context, bounds: tuple[int, int]) -> list[Found]:
    rules = list(alert_rules_of(context.snapshot).values())
    between = {"after_sequence": bounds[0], "until_sequence": bounds[1]}
    statements = [windows_above(context.snapshot, each).bind(**common(context), **between) for each in rules]
    answers = await transaction.fetch_each(statements) if statements else []
    return [Found(rule, *row) for rule, rows in zip(rules, answers, strict=True) for row in rows]


async def _tell(transaction: Transaction, context: Context, found: Sequence[Found]) -> int:
    """Alerts of what is new, and notices to those whom the rules name."""
    since = min(each.moment - timedelta(minutes=each.rule.within_minutes) for each in found)
    rows = await transaction.fetch(_TOLD.bind(tenant_id=context.tenant.id, since=since))
    news = list(_once_a_window(found, {(rule, whom): moment for rule, whom, moment in rows}))
    alerts = with_ids(context.snapshot.objects[OBJECT], [_values(each) for each in news])
    await transaction.fetch_each(list(inserted(context, OBJECT, alerts)))
    namings = {Naming(*pair) for each in news for pair in each.rule.notify}
    whom = await people(transaction, context, namings)
    await give_notice(transaction, context, list(_notices(context, news, alerts, whom)))
    for each in news:
        coverage.note(KIND, each.rule.name)
    return len(news)


def _once_a_window(found: Sequence[Found], told: dict[tuple[str, str], datetime]) -> Iterator[Found]:
    for each in sorted(found, key=lambda one: one.moment):
        key = (each.rule.name, each.whom)
        last, window = told.get(key), timedelta(minutes=each.rule.within_minutes)
        if last is None or each.moment > last + window:
            told[key] = each.moment
            yield each


def _values(found: Found) -> dict[str, Any]:
    rule = found.rule
    return {
        "RuleName": rule.name,
        "Journal": rule.journal,
        "UserId": found.user_id,
        "Subject": found.whom,
        "Severity": rule.severity,
        "WindowStart": found.moment - timedelta(minutes=rule.within_minutes),
        "WindowEnd": found.moment,
        "Count": found.total,
        "MoreThan": rule.more_than,
        "EntryId": found.entry_id,
        "State": "Open",
    }


def _notices(
    context: Context,
    news: Sequence[Found],
    alerts: Sequence[Mapping[str, Any]],
    whom: Mapping[Naming, tuple[Person, ...]],
) -> Iterator[Notice]:
    for found, alert in zip(news, alerts, strict=True):
        told = {person.id: person for pair in found.rule.notify for person in whom.get(Naming(*pair), ())}
        for person in told.values():
            title = found.rule.label_in(context.snapshot, person.language)
            yield Notice(person.id, title, None, OBJECT, alert["Id"], f"alert_rule.{found.rule.name}")
