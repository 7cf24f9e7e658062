"""Scopes of connected apps: what a token may do of what its user may. They only ever narrow, and on every door."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

from chassis_metadata.errors import Forbidden
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.context import Context, Principal
from chassis_platform.access.door import address_of, is_within, networks_of
from chassis_platform.access.policy import NO_ACCESS, AccessPolicy, Grants, ObjectAccess

FULL, API, WEB, READ_ONLY = "full", "api", "web", "read_only"
REFRESH, OFFLINE = "refresh_token", "offline_access"
OPENID, PROFILE, EMAIL, IDENTITY = "openid", "profile", "email", "id"
SCOPES = (FULL, API, WEB, READ_ONLY, REFRESH, OFFLINE, OPENID, PROFILE, EMAIL, IDENTITY)

_OBJECT = re.compile(r"object:([A-Za-z][A-Za-z0-9_]*)(:read)?")
#: What remains of the system permissions where nothing may be changed.
_SEEING = frozenset({"ApiEnabled", "ViewSetup", "ViewAudit", "ViewAllData", "ExportData", "ExportJournal"})
#: One's own password, factors and consents: the person's affair, never an app's.
_IN_PERSON = re.compile(r"/ui/(me|session|verify|oauth|sso)(/|$)")
_WHO = re.compile(r"/services/oauth2/userinfo$|/id/")
_DATA = re.compile(
    r"/services/data(/v[0-9.]+(/(sobjects|query|queryAll|search|parameterizedSearch|composite|limits|openapi.json|recent|ui-api|jobs/query|jobs/ingest|chassis/events|chassis/exports)(/.*)?)?)?/?$"
)
#: What asks by POST because the question is long, and what carries requests that are asked for themselves.
_ASKING = re.compile(
    r"/services/data/v[0-9.]+/composite/sobjects/[^/]+/?$|/services/data/v[0-9.]+/composite(/batch|/graph)?/?$|/services/oauth2/userinfo$|/ui/merge/preview$"
    r"|/services/data/v[0-9.]+/(jobs/query(/[^/]+)?|chassis/exports)/?$"
    r"|/ui/objects/[^/]+/(list|count|export|duplicates)$|/setup/formula/(check|try)$|/setup/decision_tables/[^/]+/decide$"
)
_READING = ("GET", "HEAD", "OPTIONS")


def is_scope(name: str) -> bool:
    """Whether there is such a scope."""
    return name in SCOPES or _OBJECT.fullmatch(name) is not None


def demand_door(principal: Principal, method: str, path: str) -> None:
    """Refuse a token at a door, from an address or with a method that its scopes don't open."""
    if principal.scopes is None:
        return
    if not comes_from(principal.ip_ranges, principal.source_ip):
        raise Forbidden.of("ip_restricted", "The connected app may not be used from this address.")
    if not _opens(principal.scopes, path):
        raise Forbidden.of("insufficient_scope", "The access token's scopes do not open this address.")
    if READ_ONLY in principal.scopes and method not in _READING and not _ASKING.match(path):
        raise _only_reads()


def demand_writing(context: Context) -> None:
    """Refuse a write in the name of a token that only reads, whatever door it came through."""
    if context.principal.scopes is not None and READ_ONLY in context.principal.scopes:
        raise _only_reads()


def is_for_objects(principal: Principal) -> bool:
    """Whether an app may do something with certain objects, and with nothing else."""
    return any(each.startswith("object:") for each in principal.scopes or ())


def demand_in_person(context: Context) -> None:
    """Refuse a token, and who is signed in as somebody else, where only the user themselves may act."""
    if context.principal.scopes is not None:
        raise Forbidden.of("insufficient_scope", "Only the user in person may do this, not an app.")
    if context.principal.acting_user_id is not None:
        raise Forbidden.of("insufficient_access", "This can't be done while signed in as somebody else.")


def _only_reads() -> Forbidden:
    return Forbidden.of("insufficient_scope", "The access token only reads (scope read_only).")


def _opens(scopes: frozenset[str], path: str) -> bool:
    if _WHO.match(path):
        return not scopes.isdisjoint({OPENID, PROFILE, EMAIL, IDENTITY, API, WEB, FULL})
    if _IN_PERSON.match(path):
        return False
    if any(each.startswith("object:") for each in scopes):
        return _DATA.match(path) is not None
    if FULL in scopes:
        return True
    return (API in scopes and path.startswith("/services/")) or (WEB in scopes and path.startswith(("/ui/", "/setup/")))


def comes_from(ranges: tuple[str, ...], address: str | None) -> bool:
    """Whether an address lies in one of the ranges; without ranges every one does."""
    return not ranges or is_within(address_of(address), networks_of(ranges))


def narrowed(policy: AccessPolicy, scopes: frozenset[str] | None, snapshot: Snapshot) -> AccessPolicy:
    """The policy with only what the scopes leave of it; another identity, so that no compiled statement is shared."""
    if scopes is None:
        return policy
    wanted = _objects(scopes)
    grants = policy.grants
    if not wanted and READ_ONLY not in scopes:
        return policy
    objects = {
        name: left for name, each in grants.objects.items() if (left := _left(name, each, scopes, wanted)) != NO_ACCESS
    }
    system = grants.system & _SEEING if READ_ONLY in scopes else grants.system
    if wanted:
        system &= {"ApiEnabled"}
    return replace(
        policy, grants=replace(grants, identity=_identity(grants, scopes, snapshot), objects=objects, system=system)
    )


def _objects(scopes: frozenset[str]) -> Mapping[str, bool]:
    """Object to whether it may be written; empty where no scope names one."""
    found: dict[str, bool] = {}
    for each in scopes:
        if match := _OBJECT.fullmatch(each):
            found[match[1]] = found.get(match[1], False) or not match[2]
    return found


def _left(name: str, access: ObjectAccess, scopes: frozenset[str], wanted: Mapping[str, bool]) -> ObjectAccess:
    if wanted and name not in wanted:
        return NO_ACCESS
    if READ_ONLY in scopes or not wanted.get(name, True):
        return access.only_reading
    return access


def _identity(grants: Grants, scopes: frozenset[str], snapshot: Snapshot) -> str:
    text = "\n".join([grants.identity, snapshot.identity, *sorted(scopes)])
    return f"scoped:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
