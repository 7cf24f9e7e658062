"""The installation's key that wraps the keys of tenants: from the environment, a file, or a service that keeps it.

Any service that encrypts a few bytes and gives back a text can be asked; here it is one that speaks as the transit
engine of HashiCorp Vault and OpenBao does.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis_metadata.errors import Unavailable
from chassis_platform.key_files import key_of_file
from chassis_platform.outbound import Destinations, NotAllowedError, send
from chassis_platform.settings import Settings
from chassis_tenants.database import Database
from chassis_tenants.sealing import KEY_BYTES, NONCE_BYTES
from chassis_tenants.statement import Statement
from chassis_tenants.tenant_keys import KeyProblem, KeyWrapper

KEY_FILE = "tenant_keys_aes256.keys"
_ID_DIGITS = 16
_OK = 200


class LocalKeys:
    """Keys of a file or the environment: the first wraps, all of them unwrap."""

    def __init__(self, keys: Collection[bytes], source: str) -> None:
        self._source = source
        self._keys: Mapping[str, bytes] = {f"aes256:{_fingerprint(each)}": each for each in keys}
        self.wrapping_id = next(iter(self._keys))

    def knows(self, wrapped_by: str) -> bool:
        """Whether it can unwrap what that key wrapped."""
        return wrapped_by in self._keys

    async def wrap(self, key: bytes, purpose: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._keys[self.wrapping_id]).encrypt(nonce, key, purpose.encode())

    async def unwrap(self, wrapped: bytes, wrapped_by: str, purpose: str) -> bytes:
        """The key; Unavailable where it was wrapped by a key that isn't here."""
        key = self._keys.get(wrapped_by)
        if key is None:
            raise _unavailable(self._missing([wrapped_by]))
        try:
            return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], purpose.encode())
        except InvalidTag:
            raise _unavailable(f"the wrapped key of '{purpose}' was changed in the database") from None

    async def problem(self, wrapped_by: Collection[str]) -> KeyProblem | None:
        """What speaks against unwrapping what these keys wrapped."""
        missing = sorted(name for name in wrapped_by if not self.knows(name))
        return KeyProblem(self._missing(missing)) if missing else None

    def _missing(self, names: Collection[str]) -> str:
        return f"tenants' keys were wrapped by {', '.join(names)}, which is not in {self._source}"


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"chassis key id " + key).hexdigest()[:_ID_DIGITS]


def _unavailable(reason: str) -> Unavailable:
    return Unavailable.of("encryption_key_unavailable", f"Encrypted values are not at hand: {reason}.")


@dataclass(frozen=True, slots=True)
class TransitService:
    """A key that never leaves its service: `POST {url}/v1/transit/encrypt/{name}` and `…/decrypt/{name}`."""

    url: str
    name: str
    token: str

    @property
    def wrapping_id(self) -> str:
        """The service's name of the key; which version of it wrapped stands in what it answered."""
        return f"transit:{self.name}"

    def knows(self, wrapped_by: str) -> bool:
        """Whether it can unwrap what that key wrapped."""
        return wrapped_by == self.wrapping_id

    async def wrap(self, key: bytes, purpose: str) -> bytes:
        """What the service answers, a text such as `vault:v1:…`."""
        sent = {"plaintext": base64.b64encode(key).decode(), "associated_data": _associated(purpose)}
        return str((await self._ask("encrypt", sent))["ciphertext"]).encode()

    async def unwrap(self, wrapped: bytes, wrapped_by: str, purpose: str) -> bytes:
        """What was wrapped."""
        if not self.knows(wrapped_by):
            raise _unavailable(f"tenants' keys were wrapped by {wrapped_by}, and {self.wrapping_id} is asked")
        sent = {"ciphertext": wrapped.decode(), "associated_data": _associated(purpose)}
        return base64.b64decode((await self._ask("decrypt", sent))["plaintext"])

    async def problem(self, wrapped_by: Collection[str]) -> KeyProblem | None:
        """Whether the service answers."""
        others = sorted(name for name in wrapped_by if not self.knows(name))
        if others:
            return KeyProblem(f"tenants' keys were wrapped by {', '.join(others)}, and {self.wrapping_id} is asked")
        try:
            await self.wrap(bytes(KEY_BYTES), "chassis health")
        except Unavailable as error:
            return KeyProblem(error.problems[0].message, passes=True)
        return None

    async def _ask(self, act: str, document: Mapping[str, str]) -> Mapping[str, Any]:
        address = f"{self.url.rstrip('/')}/v1/transit/{act}/{self.name}"
        headers = {"Content-Type": "application/json", "X-Vault-Token": self.token}
        anywhere = Destinations("*", private=True, setting="CHASSIS_KEY_SERVICE_URL")  # the operator named it
        try:
            answer = await asyncio.to_thread(send, anywhere, "POST", address, orjson.dumps(document), headers)
            if answer.status != _OK:
                raise _unavailable(f"the key service refused to {act} with status {answer.status}")
            found: Mapping[str, Any] = orjson.loads(answer.body)["data"]
        except (OSError, NotAllowedError, orjson.JSONDecodeError, KeyError) as error:
            raise _unavailable(f"the key service does not answer ({type(error).__name__})") from error
        return found


def _associated(purpose: str) -> str:
    return base64.b64encode(purpose.encode()).decode()


class Wrappers:
    """The first wraps; what another wrapped, that one unwraps: while an installation goes from one to the next."""

    def __init__(self, wrappers: Sequence[LocalKeys | TransitService]) -> None:
        self._wrappers = wrappers
        self.wrapping_id = wrappers[0].wrapping_id

    async def wrap(self, key: bytes, purpose: str) -> bytes:
        """By the first."""
        return await self._wrappers[0].wrap(key, purpose)

    async def unwrap(self, wrapped: bytes, wrapped_by: str, purpose: str) -> bytes:
        """By whichever wrapped it."""
        return await self._for(wrapped_by).unwrap(wrapped, wrapped_by, purpose)

    async def problem(self, wrapped_by: Collection[str]) -> KeyProblem | None:
        """What speaks against it, of the first that has something to say."""
        for each in self._wrappers:
            problem = await each.problem([name for name in wrapped_by if self._for(name) is each])
            if problem is not None:
                return problem
        return None

    def _for(self, wrapped_by: str) -> LocalKeys | TransitService:
        return next((each for each in self._wrappers if each.knows(wrapped_by)), self._wrappers[0])


def wrapper_of(settings: Settings, home: Path) -> KeyWrapper:
    """What the settings say: the service, else the keys of the environment, else the file in `home`/keys.

    Those behind the first still unwrap. The file is made where there is nothing else.
    """
    found: list[LocalKeys | TransitService] = []
    if settings.key_service_url is not None:
        token = settings.key_service_token.get_secret_value() if settings.key_service_token else ""
        found.append(TransitService(settings.key_service_url, settings.key_service_key, token))
    if settings.key_encryption_keys is not None:
        source = "CHASSIS_KEY_ENCRYPTION_KEYS"
        found.append(LocalKeys(_decoded(settings.key_encryption_keys.get_secret_value(), source), source))
    path = home / "keys" / KEY_FILE
    if not found or path.exists():
        content = key_of_file(path, lambda: new_line(secrets.token_bytes(KEY_BYTES)))
        found.append(LocalKeys(_decoded(content.decode(), str(path)), str(path)))
    return Wrappers(found)


def new_line(key: bytes) -> bytes:
    """A key as file and environment hold it."""
    return base64.b64encode(key) + b"\n"


def _decoded(text: str, source: str) -> list[bytes]:
    try:
        keys = [base64.b64decode(each, validate=True) for each in text.replace(",", " ").split()]
    except binascii.Error:
        keys = []
    if not keys or any(len(each) != KEY_BYTES for each in keys):
        raise ValueError(f"{source} must hold the base64 of {KEY_BYTES} random bytes; of several keys the first wraps.")
    return keys


async def key_problem(database: Database) -> KeyProblem | None:
    """What speaks against opening the tenants' keys; None where all is well, or nothing was ever encrypted."""
    rows = await database.registry(Statement("SELECT chassis.wrapping_keys()"))
    return await database.keys.wrapper.problem([name for (name,) in rows])
