"""Sealed secrets open only where they were sealed for; and browsers by what stays the same of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis_platform.auth.devices import device_of
from chassis_platform.auth.secrets import KEY_FILE, UnreadableSecretError, open_sealed, seal


def test_a_secret_opens_for_its_tenant_and_purpose_alone(tmp_path: Path) -> None:
    sealed = seal(tmp_path, 7, "totp", b"seed")

    assert open_sealed(tmp_path, 7, "totp", sealed) == b"seed"
    assert seal(tmp_path, 7, "totp", b"seed") != sealed
    for tenant_id, purpose, content in (
        (8, "totp", sealed),
        (7, "smtp", sealed),
        (7, "totp", sealed[:-1]),
        (7, "totp", b""),
        (7, "totp", b"\x02" + sealed[1:]),
    ):
        with pytest.raises(UnreadableSecretError):
            open_sealed(tmp_path, tenant_id, purpose, content)


def test_the_key_is_made_once_and_for_nobody_else_to_read(tmp_path: Path) -> None:
    seal(tmp_path, 1, "x", b"")
    key = tmp_path / "keys" / KEY_FILE

    assert (key.stat().st_mode & 0o777, len(key.read_bytes())) == (0o600, 32)


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15",
         "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36",
         "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.50",
         "WeChat on iOS"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("", "Unknown"),
        (None, "Unknown"),
    ],
)  # fmt: skip
def test_a_browser_is_known_by_its_kind_and_system(user_agent: str | None, device: str) -> None:
    assert device_of(user_agent) == device
