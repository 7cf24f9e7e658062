"""Headers that tell browsers to be strict, on every answer."""

from __future__ import annotations

import re
import ssl

import httpx
import pytest

from sign_in.conftest import Door

PATHS = ("/", "/my-security", "/health", "/ui/bootstrap", "/services/data", "/nothing/here", "/assets/nothing.js")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_them(door: Door, path: str) -> None:
    headers = door.client().get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    [policy] = headers.get_list("content-security-policy")
    assert "unsafe" not in policy
    for part in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy


def test_each_first_page_has_a_word_of_its_own_for_styles_and_none_for_scripts(door: Door) -> None:
    pages = [door.client().get("/") for _ in range(2)]
    words = [re.findall(r"'nonce-([^']+)'", each.headers["content-security-policy"]) for each in pages]

    assert len({word for found in words for word in found}) == 2
    for page, [word] in zip(pages, words, strict=True):
        assert "script-src 'self';" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        if page.status_code == 200:
            assert f'nonce="{word}"' in page.text
            assert "__CSP_NONCE__" not in page.text


def test_over_tls_browsers_stay_with_it_but_not_on_this_machines_own_names(door: Door) -> None:
    context = ssl.create_default_context(cafile=str(door.site.address.authority))
    with httpx.Client(base_url=door.site.address.https, verify=context) as client:
        assert "strict-transport-security" not in client.get("/health").headers
        named = client.get("/health", headers={"host": "crm.example.com"})
    assert named.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "strict-transport-security" not in door.client().get("/health", headers={"host": "crm.example.com"}).headers
