"""Passwords: Argon2id hashes (RFC 9106), checked off the event loop, in the same time for users who don't exist."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chassis_metadata.errors import Invalid

SHORTEST = 10
_hasher = PasswordHasher()
#: Hashing takes 64 MiB: no more than this many at once.
_places = asyncio.Semaphore(2)
#: Verified when there is no such user, so that the answer takes as long.
_NOBODY = _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """The Argon2id hash to store. Blocks for some 50 ms."""
    return _hasher.hash(password)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


async def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one; None stands for an unknown user and is never matched."""
    async with _places:
        matched = await asyncio.to_thread(_matches, stored or _NOBODY, password)
    return matched and stored is not None


def random_password() -> str:
    """A password for one person to begin with: 20 characters, about 118 bits."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
    return "".join(secrets.choice(letters) for _ in range(20))


def check_password(password: str, *, username: str) -> None:
    """Refuse what is too short or repeats the username."""
    if len(password) < SHORTEST:
        raise Invalid.of("invalid_new_password", f"A password has at least {SHORTEST} characters.")
    if username.split("@", 1)[0].lower() in password.lower():
        raise Invalid.of("invalid_new_password", "A password may not contain the username.")
