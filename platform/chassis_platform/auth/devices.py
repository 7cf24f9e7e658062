"""What a browser says of itself, and the tokens of browsers that a user has signed in with before."""

from __future__ import annotations

import re
import secrets

_BROWSERS = (
    ("Edge", re.compile(r"\bEdgA?(iOS)?/")),
    ("WeChat", re.compile(r"\bMicroMessenger/")),
    ("DingTalk", re.compile(r"\bDingTalk[/(]")),
    ("Opera", re.compile(r"\b(OPR|Opera)/")),
    ("Firefox", re.compile(r"\b(Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(Chrome|HeadlessChrome|CriOS|Chromium)/")),
    ("Safari", re.compile(r"\bSafari/")),
)
_SYSTEMS = (
    ("iOS", re.compile(r"\b(iPhone|iPad|iPod)\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("HarmonyOS", re.compile(r"\b(HarmonyOS|OpenHarmony)\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMac OS X\b")),
    ("Linux", re.compile(r"\bLinux\b|\bX11\b")),
)
_OTHER = re.compile(r"[\w.+-]{1,40}")
_TOKEN = re.compile(r"[0-9a-f]{64}")


def device_of(user_agent: str | None) -> str:
    """The kind of browser and system, such as `Chrome on Windows`: what stays the same through updates."""
    text = user_agent or ""
    browser = next((name for name, pattern in _BROWSERS if pattern.search(text)), None)
    system = next((name for name, pattern in _SYSTEMS if pattern.search(text)), None)
    if browser is None:
        other = _OTHER.match(text)
        browser = other[0] if other and other[0] != "Mozilla" else "Unknown"
    return f"{browser} on {system}" if system else browser


def new_device_token() -> str:
    """What a browser keeps after a sign-in, so that strangers' failures do not lock its user out of it."""
    return secrets.token_hex(32)


def is_device_token(text: str | None) -> bool:
    """Whether it can be one."""
    return text is not None and _TOKEN.fullmatch(text) is not None
