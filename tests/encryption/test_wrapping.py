"""What wraps tenants' keys: the environment, a file, a service over HTTP; each says what is wrong with it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from chassis_metadata.errors import Unavailable
from chassis_platform.key_encryption import KEY_FILE, wrapper_of
from chassis_platform.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "s.token"
KEY = b"k" * 32


class Transit(BaseHTTPRequestHandler):
    """A transit engine: it keeps its key, and binds what it encrypts to what it is told."""

    engine = AESGCM(b"t" * 32)

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        act, name = self.path.split("/")[-2:]
        bound = base64.b64decode(sent["associated_data"]) + name.encode()
        if self.headers["x-vault-token"] != TOKEN:
            return self._answer(403, {"errors": ["permission denied"]})
        try:
            if act == "encrypt":
                sealed = self.engine.encrypt(b"n" * 12, base64.b64decode(sent["plaintext"]), bound)
                return self._answer(200, {"data": {"ciphertext": "vault:v1:" + base64.b64encode(sealed).decode()}})
            content = base64.b64decode(sent["ciphertext"].removeprefix("vault:v1:"))
            clear = self.engine.decrypt(b"n" * 12, content, bound)
        except Exception as error:  # noqa: BLE001  as the service does
            return self._answer(400, {"errors": [type(error).__name__]})
        return self._answer(200, {"data": {"plaintext": base64.b64encode(clear).decode()}})

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Transit)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def by_service(url: str, token: str = TOKEN) -> Settings:
    return Settings(key_service_url=url, key_service_key="club", key_service_token=SecretStr(token))


async def test_a_service_wraps_and_unwraps_for_one_purpose(service: str, tmp_path: Path) -> None:
    wrapper = wrapper_of(by_service(service), tmp_path)
    wrapped = await wrapper.wrap(KEY, "one")

    assert wrapper.wrapping_id == "transit:club"
    assert KEY not in wrapped
    assert await wrapper.unwrap(wrapped, "transit:club", "one") == KEY
    assert await wrapper.problem(["transit:club"]) is None
    with pytest.raises(Unavailable, match="refused to decrypt with status 400"):
        await wrapper.unwrap(wrapped, "transit:club", "another")
    assert not (tmp_path / "keys").exists()


async def test_a_service_that_refuses_or_is_away_is_told(service: str, tmp_path: Path) -> None:
    stranger = wrapper_of(by_service(service, "wrong"), tmp_path)
    away = wrapper_of(by_service("http://127.0.0.1:9"), tmp_path)

    refused, silent, wrong = (
        await stranger.problem(["transit:club"]),
        await away.problem([]),
        await away.problem(["transit:other"]),
    )

    assert "status 403" in str(refused)
    assert silent is not None
    assert ("does not answer" in silent.text, silent.passes) == (True, True)
    assert wrong is not None
    assert ("wrapped by transit:other" in wrong.text, wrong.passes) == (True, False)


async def test_keys_of_the_environment_the_first_wraps(tmp_path: Path) -> None:
    first, second = (base64.b64encode(letter * 32).decode() for letter in (b"a", b"b"))
    before = wrapper_of(Settings(key_encryption_keys=SecretStr(second)), tmp_path)
    after = wrapper_of(Settings(key_encryption_keys=SecretStr(f"{first},{second}")), tmp_path)
    wrapped = await before.wrap(KEY, "one")

    assert await after.unwrap(wrapped, before.wrapping_id, "one") == KEY
    assert after.wrapping_id != before.wrapping_id
    assert "not in CHASSIS_KEY_ENCRYPTION_KEYS" in str(await before.problem([after.wrapping_id]))
    with pytest.raises(Unavailable, match="was changed"):
        await after.unwrap(wrapped, before.wrapping_id, "another")


async def test_a_service_takes_over_from_the_file(service: str, tmp_path: Path) -> None:
    file = wrapper_of(Settings(), tmp_path)
    wrapped = await file.wrap(KEY, "one")
    both = wrapper_of(by_service(service), tmp_path)

    assert (tmp_path / "keys" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert both.wrapping_id == "transit:club"
    assert await both.unwrap(wrapped, file.wrapping_id, "one") == KEY
    assert await both.problem([file.wrapping_id, "transit:club"]) is None


@pytest.mark.parametrize("text", ["", "short", "c2hvcnQ=", "not base64!"])
def test_what_is_no_key_is_refused_when_the_server_starts(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="base64 of 32 random bytes"):
        wrapper_of(Settings(key_encryption_keys=SecretStr(text)), tmp_path)
