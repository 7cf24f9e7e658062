"""A new data key for a tenant, while it works: new values are sealed with it, a job seals the others anew."""

from __future__ import annotations

from typing import Any

from chassis_metadata.errors import Conflict
from chassis_metadata.snapshot import Field, Snapshot
from chassis_platform import clock
from chassis_tenants.conversions import KEYS_LOCK
from chassis_tenants.database import Binding, Database, Transaction
from chassis_tenants.journal import Actor, SetupChange, enqueue, setup_entry
from chassis_tenants.seal_marks import document_to_seal
from chassis_tenants.statement import Statement
from chassis_tenants.tenant_keys import DATA

SECTION = "Encryption"
#: The job that seals values anew.
JOB = "seal_values_anew"

_NEWEST = Statement(
    "SELECT max(number) FROM chassis.tenant_key WHERE tenant_id = %(tenant_id)s AND kind = 'data'"
    " AND EXISTS (SELECT FROM chassis.tenant_key k WHERE k.tenant_id = %(tenant_id)s AND k.wrapped IS NOT NULL)"
)
_TAKE_TURNS = Statement(
    "SELECT count(*) FROM (SELECT pg_advisory_xact_lock(hashtextextended('tenant_keys', %(tenant_id)s))) locked"
)
#: With the next check, every process reads the keys anew.
KEYS_CHANGED = Statement("UPDATE chassis.tenant SET key_version = key_version + 1 WHERE id = %(tenant_id)s")
_BEGIN = Statement(
    "INSERT INTO chassis.key_rotation (tenant_id, number, started_at) VALUES (%(tenant_id)s, %(number)s, %(now)s)"
)
_STATE = Statement(
    "SELECT json_build_object('keys', coalesce((SELECT json_agg(json_build_object('kind', k.kind, 'number', k.number,"
    " 'made', k.made_at, 'destroyed', k.destroyed_at, 'wrapped_by', k.wrapped_by) ORDER BY k.kind, k.number)"
    " FROM chassis.tenant_key k WHERE k.tenant_id = %(tenant_id)s), '[]'::json), 'rotation',"
    " (SELECT json_build_object('number', r.number, 'started', r.started_at, 'finished', r.finished_at,"
    " 'at', r.object_name, 'sealed_anew', r.sealed_anew) FROM chassis.key_rotation r"
    " WHERE r.tenant_id = %(tenant_id)s ORDER BY r.number DESC LIMIT 1), 'conversions', coalesce((SELECT json_agg("
    "json_build_object('field', c.field, 'seals', c.seals, 'began', c.began_at, 'finished', c.finished_at,"
    " 'total', c.total, 'done', c.done, 'emptied', c.emptied) ORDER BY c.finished_at NULLS FIRST, c.field)"
    " FROM chassis.field_conversion c WHERE c.tenant_id = %(tenant_id)s), '[]'::json), 'wish',"
    " (SELECT json_build_object('id', w.id, 'reason', w.reason, 'asked', w.asked_at, 'asked_by',"
    ' (SELECT u.name FROM tenant."user" u WHERE u.tenant_id = w.tenant_id AND u.id = w.asked_by),'
    " 'expires', w.expires_at) FROM chassis.key_wish w WHERE w.tenant_id = %(tenant_id)s AND w.done_at IS NULL"
    " AND w.withdrawn_at IS NULL AND w.expires_at > %(now)s ORDER BY w.asked_at DESC LIMIT 1))::jsonb"
)


def encrypted_fields(snapshot: Snapshot) -> tuple[Field, ...]:
    """Every encrypted field, object by object, in the order of their names."""

    def make() -> tuple[Field, ...]:
        objects = (snapshot.objects[name] for name in sorted(snapshot.objects))
        return tuple(each for obj in objects for _, each in sorted(obj.fields.items()) if each.encrypted)

    return snapshot.keep("encrypted_fields", make)


def kept_document(snapshot: Snapshot, place: str, record_id: str, content: bytes) -> bytes:
    """A document that may hold values of encrypted fields, as it is kept: sealed, where the tenant has such fields."""
    return document_to_seal(place, record_id, content) if encrypted_fields(snapshot) else content


async def rotate(database: Database, tenant_id: int, actor: Actor) -> int:
    """Begin to use a new data key; answers its number. Older ones go on opening what they sealed."""
    async with database.transaction(Binding(tenant_id)) as transaction:
        number = await _next_number(transaction)
        said = SetupChange("rotatedKey", SECTION, f"data {number}", f"New data key: number {number}")
        asked = {"tenant_id": tenant_id, "number": number, "now": clock.now()}
        await transaction.fetch_each(
            [
                await database.keys.new_key(tenant_id, DATA, number),
                KEYS_CHANGED.bind(tenant_id=tenant_id),
                _BEGIN.bind(**asked),
                enqueue(tenant_id, JOB, {"number": number}, lock_key=KEYS_LOCK),
                setup_entry(tenant_id, actor, said),
            ]
        )
    return number


async def _next_number(transaction: Transaction) -> int:
    tenant_id = transaction.tenant_id
    _, [(newest,)] = await transaction.fetch_each(
        [_TAKE_TURNS.bind(tenant_id=tenant_id), _NEWEST.bind(tenant_id=tenant_id)]
    )
    if newest is None:
        message = "The tenant has no key yet: the first encrypted value or secret that is saved makes one."
        raise Conflict.of("no_encryption_key", message)
    return int(newest) + 1


async def state_of_keys(database: Database, tenant_id: int) -> dict[str, Any]:
    """The keys of a tenant by number, how far the newest rotation is, and whether keys are to be destroyed."""
    [[(found,)]] = await database.read(Binding(tenant_id), _STATE.bind(tenant_id=tenant_id, now=clock.now()))
    state: dict[str, Any] = found
    return state
