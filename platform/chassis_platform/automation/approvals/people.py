"""Who is who when somebody is asked: users with their managers above them, and the members of queues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import today
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement

USER, QUEUE = "005", "00G"
_HIGHEST = 30

_CHAINS = """
WITH RECURSIVE chain AS (
    SELECT u.id, u.manager_id, u.is_active AND NOT u.is_deleted AS is_active, 0 AS level
    FROM tenant."user" u WHERE u.tenant_id = %(tenant_id)s AND u.id = ANY (%(ids)s::text[])
    UNION
    SELECT u.id, u.manager_id, u.is_active AND NOT u.is_deleted, c.level + 1
    FROM chain c JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.id = c.manager_id
    WHERE c.level < 30
)
SELECT DISTINCT id, manager_id, is_active FROM chain
"""
_MEMBERS = """
SELECT m.group_id, u.id, u.manager_id
FROM tenant.group_member m
JOIN tenant."user" u ON u.tenant_id = m.tenant_id AND u.id = m.user_or_group_id
JOIN tenant."group" g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
WHERE m.tenant_id = %(tenant_id)s AND m.group_id = ANY (%(ids)s::text[])
  AND NOT m.is_deleted AND NOT g.is_deleted AND u.is_active AND NOT u.is_deleted
ORDER BY m.group_id, u.id
"""
#: For whom a user may decide today, and for which process only (null: all).
DELEGATORS = Statement("""
SELECT d.user_id, d.process_name
FROM tenant.delegated_approver d
JOIN tenant."user" u ON u.tenant_id = d.tenant_id AND u.id = d.user_id
WHERE d.tenant_id = %(tenant_id)s AND d.delegate_id = %(user_id)s AND d.is_active AND NOT d.is_deleted
  AND d.start_date <= %(today)s AND d.end_date >= %(today)s
""")


@dataclass(frozen=True, slots=True)
class People:
    """Users that may be asked, everybody above them, and who is in which queue."""

    managers: Mapping[str, str | None]
    active: frozenset[str]
    members: Mapping[str, tuple[str, ...]]

    def is_free(self, actor_id: str, submitter_id: str) -> bool:
        """Whether the user or queue can be asked: active, and not about an own request."""
        if actor_id.startswith(QUEUE):
            return any(member != submitter_id for member in self.members.get(actor_id, ()))
        return actor_id in self.active and actor_id != submitter_id

    def free_from(self, actor_id: str, submitter_id: str) -> str | None:
        """The user, or the next one above who can be asked; a queue only itself."""
        if actor_id.startswith(QUEUE):
            return actor_id if self.is_free(actor_id, submitter_id) else None
        passed: set[str] = set()
        above: str | None = actor_id
        while above is not None and above not in passed:
            if self.is_free(above, submitter_id):
                return above
            passed.add(above)
            above = self.managers.get(above)
        return None

    def above(self, user_id: str | None, levels: int) -> str | None:
        """The manager so many levels up."""
        for _ in range(min(levels, _HIGHEST)):
            user_id = self.managers.get(user_id) if user_id is not None else None
        return user_id

    def users_of(self, actor_id: str) -> tuple[str, ...]:
        """The user itself, or the members of a queue."""
        return self.members.get(actor_id, ()) if actor_id.startswith(QUEUE) else (actor_id,)


def ask_for_people(context: Context, ids: Iterable[str]) -> list[Statement]:
    """Two statements: the users with all their managers, the queues with their members."""
    wanted = sorted({each for each in ids if each})
    tenant_id = context.tenant.id
    users = [each for each in wanted if each.startswith(USER)]
    queues = [each for each in wanted if each.startswith(QUEUE)]
    return [
        Statement(_CHAINS, {"tenant_id": tenant_id, "ids": users}),
        Statement(_MEMBERS, {"tenant_id": tenant_id, "ids": queues}),
    ]


def people_of(rows: Sequence[list[Row]]) -> People:
    """The answers of these two statements."""
    users, memberships = rows
    managers: dict[str, str | None] = {user_id: manager_id for user_id, manager_id, _ in users}
    active = {user_id for user_id, _, is_active in users if is_active}
    members: dict[str, list[str]] = {}
    for queue_id, user_id, manager_id in memberships:
        members.setdefault(queue_id, []).append(user_id)
        managers.setdefault(user_id, manager_id)
        active.add(user_id)
    return People(managers, frozenset(active), {name: tuple(each) for name, each in members.items()})


async def find_people(transaction: Transaction, context: Context, ids: Iterable[str]) -> People:
    """The same, asked now."""
    return people_of(await transaction.fetch_each(ask_for_people(context, ids)))


_DELEGATES = Statement("""
SELECT d.user_id, d.delegate_id, d.process_name
FROM tenant.delegated_approver d
WHERE d.tenant_id = %(tenant_id)s AND d.user_id = ANY (%(ids)s::text[]) AND d.is_active AND NOT d.is_deleted
  AND d.start_date <= %(today)s AND d.end_date >= %(today)s
""")


async def delegates_of(
    transaction: Transaction, context: Context, ids: Iterable[str]
) -> Mapping[str, Sequence[tuple[str, str | None]]]:
    """Who decides for these users today, and for which process only (None: all)."""
    asked = _DELEGATES.bind(tenant_id=context.tenant.id, ids=sorted(set(ids)), today=today(context))
    found: dict[str, list[tuple[str, str | None]]] = {}
    for user_id, delegate_id, process in await transaction.fetch(asked):
        found.setdefault(user_id, []).append((delegate_id, process))
    return found


def ask_for_delegators(context: Context) -> Statement:
    """For whom the user may decide today."""
    return DELEGATORS.bind(tenant_id=context.tenant.id, user_id=context.principal.user_id, today=today(context))


@dataclass(frozen=True, slots=True)
class Hat:
    """Under which names a user may decide: the own, those of queues, those of who is away."""

    user_id: str
    queues: frozenset[str]
    delegators: Mapping[str, frozenset[str | None]]  # user id -> processes, None: all

    def may_decide(self, actor_id: str, process: str) -> bool:
        """Whether a request to this actor is the user's to decide."""
        if actor_id == self.user_id or actor_id in self.queues:
            return True
        named = self.delegators.get(actor_id, frozenset())
        return None in named or process in named


def hat_of(context: Context, rows: Iterable[Row]) -> Hat:
    """The user's, from the rows of `ask_for_delegators`."""
    delegators: dict[str, set[str | None]] = {}
    for user_id, process in rows:
        delegators.setdefault(user_id, set()).add(process)
    return Hat(
        context.principal.user_id,
        frozenset(context.policy.group_ids),
        {name: frozenset(each) for name, each in delegators.items()},
    )
