"""One-time codes of an authenticator app (RFC 6238: SHA-1, six digits, thirty seconds)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

SECONDS, DIGITS = 30, 6
#: A code of the step before or after is good too: clocks differ.
_STEPS_AROUND = (0, -1, 1)


def new_secret() -> bytes:
    """160 bits, as long as the hash (RFC 4226, 4)."""
    return secrets.token_bytes(20)


def step_of(moment: datetime) -> int:
    """The number of the time step."""
    return int(moment.timestamp()) // SECONDS


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step (RFC 4226, 5.3)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_step(secret: bytes, code: str, moment: datetime) -> int | None:
    """The step that the code is of, if it is one of now; every step is compared, so that time tells nothing."""
    tidy = code.replace(" ", "").encode()
    now = step_of(moment)
    found = [now + each for each in _STEPS_AROUND if hmac.compare_digest(code_at(secret, now + each).encode(), tidy)]
    return found[0] if found else None


def provisioning_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """What the picture for the app says."""
    label = quote(f"{issuer}:{account}", safe="@:")
    return f"otpauth://totp/{label}?{urlencode({'secret': shown_secret(secret), 'issuer': issuer})}"


def shown_secret(secret: bytes) -> str:
    """The secret to type where there is no camera."""
    return base64.b32encode(secret).decode().rstrip("=")
