"""A tenant's secrets that are read again: of its webhooks, of its identity providers, of where its journal is sent.

They are sealed by the tenant's data key, as encrypted fields are: sealed anew where the key is, and gone where the keys
are destroyed. What was kept before that under the installation's key (`secrets.py`) is opened by it until it is sealed
anew: by the next save, by a rotation, or by the worker within hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chassis_metadata.errors import Unavailable
from chassis_platform.auth.secrets import VERSION, UnreadableSecretError, open_sealed
from chassis_tenants.seal_marks import document_in_sql, document_to_seal
from chassis_tenants.sealing import DOCUMENT, VERSION_BYTES
from chassis_tenants.statement import Statement

#: What a data key seals begins with it, so that nothing else that lies in a column is ever taken for a secret.
_SECRET = b"\x02"
_NOTHING_KNOWN = b"\x00"
#: Older than every data key: what only the installation's key opens.
BEFORE_DATA_KEYS = 0


class DestroyedSecretError(Unavailable):
    """The key that sealed the secret was destroyed: it has to be set anew."""


@dataclass(frozen=True, slots=True)
class SecretKind:
    """Where secrets of one kind lie, beside `id`; and what the installation's key sealed them for before."""

    place: str
    table: str
    columns: tuple[str, ...]
    former: str

    def to_seal(self, record_id: str, secret: bytes) -> bytes:
        """The parameter that becomes the sealed secret; its statement has to be `sealed`."""
        return document_to_seal(self.place, record_id, _SECRET + secret)

    def in_sql(self, column: str, record_id: str = "id") -> str:
        """SQL of a secret as `opened` takes it; the statement has to be `sealed`."""
        return (
            f"CASE WHEN {_head(column)} = {_sql(DOCUMENT)} THEN {document_in_sql(self.place, record_id, column)}"
            f" WHEN {column} = ''::bytea OR {_is_former(column)} THEN {column}"
            f" WHEN {column} IS NOT NULL THEN {_sql(_NOTHING_KNOWN)} END"
        )

    def opened(self, home: Path, tenant_id: int, record_id: str, found: bytes | None) -> bytes | None:
        """The secret; None where there is none. Raises DestroyedSecretError, or Unavailable where it was changed."""
        if found is None:
            return None
        content = bytes(found)
        if not content:
            message = "The secret was destroyed with the tenant's keys. Set a new one."
            raise DestroyedSecretError.of("secret_destroyed", message)
        if content.startswith(_SECRET):
            return content[len(_SECRET) :]
        try:
            return open_sealed(home, tenant_id, self.former.format(id=record_id), content)
        except UnreadableSecretError as error:
            message = (
                f"The secret of {record_id} can't be opened: it was changed in the database, or sealed by another "
                "installation's key. Set a new one."
            )
            raise Unavailable.of("unreadable_value", message) from error


WEBHOOK = SecretKind("Webhook.Secret", "chassis.webhook", ("secret", "old_secret"), "webhook")
PROVIDER = SecretKind(
    "IdentityProvider.Secret", "chassis.identity_provider", ("sealed_secret",), "identity_provider {id}"
)
JOURNAL_EXPORT = SecretKind("JournalExport.Secret", "chassis.audit_export", ("secret",), "journal export")
#: What other systems answered to a webhook's call: no secret of ours, but it may be one of theirs.
ANSWER = SecretKind("WebhookDelivery.Answer", "chassis.webhook_delivery", ("answer",), "webhook")
#: The kinds that stay until somebody changes them: a new data key seals them anew.
LASTING = (WEBHOOK, PROVIDER, JOURNAL_EXPORT)


def is_older(column: str) -> str:
    """SQL: whether a data key before `number` sealed the secret, or the installation's."""
    sealed = f"{_head(column)} = {_sql(DOCUMENT)} AND {_data_key(column)} < int4send(%(number)s::integer)"
    return f"({_is_former(column)} OR {sealed})"


def can_be_opened(column: str) -> str:
    """SQL: whether there is a secret, and its key was not destroyed."""
    destroyed = (
        "EXISTS (SELECT FROM chassis.tenant_key k WHERE k.tenant_id = %(tenant_id)s AND k.kind = 'data'"
        f" AND k.wrapped IS NULL AND {_head(column)} = {_sql(DOCUMENT)} AND {_data_key(column)} = int4send(k.number))"
    )
    return f"(coalesce(length({column}), 0) > 0 AND NOT {destroyed})"


def destroy_former(tenant_id: int) -> list[Statement]:
    """Empty what only the installation's key opens: it goes with a tenant's keys, though none of them sealed it."""
    return [
        Statement(
            f"UPDATE {kind.table} SET {column} = ''::bytea"  # noqa: S608  this file's names
            f" WHERE tenant_id = %(tenant_id)s AND {_is_former(column)}",
            {"tenant_id": tenant_id},
        )
        for kind in (*LASTING, ANSWER)
        for column in kind.columns
    ]


def _sql(content: bytes) -> str:
    return f"'\\x{content.hex()}'::bytea"


def _head(column: str) -> str:
    return f"substr({column}, 1, {len(DOCUMENT)})"


def _data_key(column: str) -> str:
    return f"substr({column}, {len(DOCUMENT) + 1}, {VERSION_BYTES})"


def _is_former(column: str) -> str:
    return f"substr({column}, 1, 1) = {_sql(VERSION)}"
