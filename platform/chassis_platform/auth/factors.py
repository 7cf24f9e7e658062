"""Second factors of users: what is stored of them, and the codes for who has lost theirs."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.auth.notices import Noticed, tell
from chassis_platform.auth.secrets import open_sealed, seal
from chassis_platform.auth.sessions import revoke_sessions_of
from chassis_platform.auth.totp import matching_step, new_secret, step_of
from chassis_platform.sql.trail import CHANGE_ACCESS
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import Actor, SetupChange, setup_entry
from chassis_tenants.statement import Statement

FACTOR_PREFIX = "0Fa"
SECTION = "Second factors"
RECOVERY_CODES, MOST_FACTORS, LONGEST_LABEL = 10, 10, 60
#: Without letters and digits that look alike.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_PURPOSE = "totp"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose factors."""

    tenant_id: int
    user_id: str

    def bound(self, **values: Any) -> dict[str, Any]:
        """The parameters that say so."""
        return {"tenant_id": self.tenant_id, "user_id": self.user_id, **values}


def list_factors(owner: Owner) -> Statement:
    """A JSON document of each factor that is in force."""
    return Statement(
        "SELECT json_build_object('id', id, 'kind', kind, 'label', label, 'created', confirmed_at,"
        " 'last_used', last_used_at) FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND confirmed_at IS NOT NULL ORDER BY confirmed_at, id",
        owner.bound(),
    )


def count_recovery_codes(owner: Owner) -> Statement:
    """How many are left."""
    return Statement(
        "SELECT count(*) FROM chassis.recovery_code WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND used_at IS NULL",
        owner.bound(),
    )


def tidy_label(label: object, default: str) -> str:
    """What the user calls the factor."""
    text = label.strip() if isinstance(label, str) else ""
    if len(text) > LONGEST_LABEL:
        raise Invalid.of("invalid_field", f"A name has at most {LONGEST_LABEL} characters.", fields=["label"])
    return text or default


async def begin_totp(database: Database, home: Path, owner: Owner) -> tuple[str, bytes]:
    """A factor that is in force once a code of it was seen: its id and its secret. One begun before is forgotten."""
    factor_id, secret = new_id(FACTOR_PREFIX), new_secret()
    values = owner.bound(id=factor_id, secret=seal(home, owner.tenant_id, _PURPOSE, secret), now=clock.now())
    await database.read(
        Binding(owner.tenant_id),
        Statement(
            "DELETE FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND kind = 'totp'"
            " AND confirmed_at IS NULL",
            values,
        ),
        Statement(
            "INSERT INTO chassis.factor (tenant_id, id, user_id, kind, label, secret, created_at)"
            " VALUES (%(tenant_id)s, %(id)s, %(user_id)s, 'totp', 'Authenticator', %(secret)s, %(now)s)",
            values,
        ),
    )
    return factor_id, secret


async def confirm_totp(database: Database, home: Path, owner: Owner, factor_id: str, code: str, label: str) -> bool:
    """Put a factor in force with the first code of it; False where the code is wrong."""
    now = clock.now()
    select = Statement(
        "SELECT secret FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND id = %(id)s"
        " AND kind = 'totp' AND confirmed_at IS NULL",
        owner.bound(id=factor_id),
    )
    [rows] = await database.read(Binding(owner.tenant_id), select)
    if not rows:
        raise NotFound.of("not_found", "There is no factor that waits for a code. Begin again.")
    step = matching_step(open_sealed(home, owner.tenant_id, _PURPOSE, rows[0][0]), code, now)
    if step is None:
        return False
    confirmed = Statement(
        "UPDATE chassis.factor SET confirmed_at = %(now)s, last_used_at = %(now)s, last_step = %(step)s,"
        " label = %(label)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND confirmed_at IS NULL RETURNING id",
        owner.bound(id=factor_id, now=now, step=step, label=label),
    )
    [rows] = await database.read(Binding(owner.tenant_id), confirmed)
    return bool(rows)


async def totp_matches(database: Database, home: Path, owner: Owner, code: str) -> bool:
    """Whether the code is of now and of one of the user's apps. A code is taken once."""
    now = clock.now()
    select = Statement(
        "SELECT id, secret FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND kind = 'totp' AND confirmed_at IS NOT NULL",
        owner.bound(),
    )
    [rows] = await database.read(Binding(owner.tenant_id), select)
    for factor_id, sealed in rows:
        step = matching_step(open_sealed(home, owner.tenant_id, _PURPOSE, sealed), code, now)
        if step is not None and await _took_step(database, owner, factor_id, step, now):
            return True
    return False


async def _took_step(database: Database, owner: Owner, factor_id: str, step: int, now: datetime) -> bool:
    # A clock that was set back must not close the door for good: a step from tomorrow does not count.
    taken = Statement(
        "UPDATE chassis.factor SET last_step = %(step)s, last_used_at = %(now)s WHERE tenant_id = %(tenant_id)s"
        " AND id = %(id)s AND (last_step IS NULL OR last_step < %(step)s OR last_step > %(future)s) RETURNING id",
        owner.bound(id=factor_id, step=step, now=now, future=step_of(now) + 10),
    )
    [rows] = await database.read(Binding(owner.tenant_id), taken)
    return bool(rows)


async def demand_place(database: Database, owner: Owner) -> None:
    """Refuse more factors than anybody needs."""
    count = Statement(
        "SELECT count(*) FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND confirmed_at IS NOT NULL",
        owner.bound(),
    )
    [[(found,)]] = await database.read(Binding(owner.tenant_id), count)
    if found >= MOST_FACTORS:
        raise Invalid.of("invalid_field", f"There are {MOST_FACTORS} factors already. Remove one first.")


async def remove_factor(database: Database, owner: Owner, factor_id: str, actor: Actor) -> None:
    """Take a factor out of force; with the last one the recovery codes go."""
    deleted = Statement(
        "DELETE FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND id = %(id)s"
        " RETURNING kind, label",
        owner.bound(id=factor_id),
    )
    codes = Statement(
        "DELETE FROM chassis.recovery_code c WHERE c.tenant_id = %(tenant_id)s AND c.user_id = %(user_id)s"
        " AND NOT EXISTS (SELECT FROM chassis.factor f WHERE f.tenant_id = c.tenant_id AND f.user_id = c.user_id"
        " AND f.confirmed_at IS NOT NULL)",
        owner.bound(),
    )
    async with database.transaction(Binding(owner.tenant_id)) as transaction:
        rows = await transaction.fetch(deleted)
        if not rows:
            raise NotFound.of("not_found", "There is no such factor.")
        change = SetupChange("removedFactor", SECTION, owner.user_id, f"Removed {rows[0][0]}: {rows[0][1]}")
        await transaction.fetch_each(
            [
                codes,
                setup_entry(owner.tenant_id, actor, change),
                _new_contexts(owner),
                _told(owner, Noticed.FACTOR_REMOVED),
            ]
        )


async def remove_all_factors(database: Database, owner: Owner, actor: Actor) -> None:
    """For who has lost them all; sessions end, for nobody knows who has found them."""
    change = SetupChange("resetFactors", SECTION, owner.user_id, "All second factors were removed; sessions ended.")
    await database.read(
        Binding(owner.tenant_id),
        Statement(
            "DELETE FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s", owner.bound()
        ),
        Statement(
            "DELETE FROM chassis.recovery_code WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
            owner.bound(),
        ),
        revoke_sessions_of(owner.tenant_id, owner.user_id),
        setup_entry(owner.tenant_id, actor, change),
        _told(owner, Noticed.FACTORS_RESET),
    )


def _new_contexts(owner: Owner) -> Statement:
    """Other sessions of the user may lack something from now on: every cached context is made anew."""
    return CHANGE_ACCESS.bind(tenant=owner.tenant_id)


def _told(owner: Owner, what: Noticed) -> Statement:
    return tell(owner.tenant_id, owner.user_id, what)


async def added_factor(database: Database, owner: Owner, actor: Actor, what: str) -> list[str]:
    """What follows a factor that came into force: the trail, and recovery codes with the first. Answers those."""
    change = SetupChange("addedFactor", SECTION, owner.user_id, f"Added {what}")
    counted, *_ = await database.read(
        Binding(owner.tenant_id),
        count_recovery_codes(owner),
        setup_entry(owner.tenant_id, actor, change),
        _new_contexts(owner),
        _told(owner, Noticed.FACTOR_ADDED),
    )
    return [] if counted[0][0] else await _make_recovery_codes(database, owner, actor)


async def new_recovery_codes(database: Database, owner: Owner, actor: Actor) -> list[str]:
    """Ten codes, shown this once; those before are void."""
    return await _make_recovery_codes(database, owner, actor, _told(owner, Noticed.RECOVERY_CODES))


async def _make_recovery_codes(database: Database, owner: Owner, actor: Actor, *told: Statement) -> list[str]:
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    change = SetupChange("newRecoveryCodes", SECTION, owner.user_id, "Made new recovery codes; those before are void.")
    await database.read(
        Binding(owner.tenant_id),
        Statement(
            "DELETE FROM chassis.recovery_code WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
            owner.bound(),
        ),
        Statement(
            "INSERT INTO chassis.recovery_code (tenant_id, user_id, code_hash, created_at)"
            " SELECT %(tenant_id)s, %(user_id)s, hash, %(now)s FROM unnest(%(hashes)s::bytea[]) AS hash",
            owner.bound(hashes=[_code_hash(owner, each) for each in codes], now=clock.now()),
        ),
        setup_entry(owner.tenant_id, actor, change),
        *told,
    )
    return codes


def _new_code() -> str:
    """Ten characters of thirty: 49 bits, and five tries a session."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    return f"{text[:5]}-{text[5:]}"


def _code_hash(owner: Owner, code: str) -> bytes:
    tidy = "".join(each for each in code.upper() if each in _ALPHABET)
    return hashlib.sha256(f"{owner.tenant_id}.{owner.user_id}.{tidy}".encode()).digest()


async def use_recovery_code(database: Database, owner: Owner, code: str) -> bool:
    """Whether the code is one of the user's; it is void from now on."""
    used = Statement(
        "UPDATE chassis.recovery_code SET used_at = %(now)s WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND code_hash = %(hash)s AND used_at IS NULL RETURNING 1",
        owner.bound(hash=_code_hash(owner, code), now=clock.now()),
    )
    [rows] = await database.read(Binding(owner.tenant_id), used)
    return bool(rows)
