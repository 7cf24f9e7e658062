"""A small HTTP load generator: keep-alive connections that take little of the machine they measure."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `expect` are the statuses that count as success."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    expect: tuple[int, ...] = (200, 201, 204)

    def encode(self) -> bytes:
        """The bytes to send."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests a second, latencies in milliseconds, and how many went wrong."""

    throughput: float
    p50: float
    p99: float
    requests: int
    failures: int


class _Connection(asyncio.Protocol):
    """One keep-alive connection: sends a request, answers status and body."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._body_at = 0  # where the body begins, 0 while the head is incomplete
        self._length = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio's."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Asyncio's."""
        self._received += data
        if not self._body_at:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._body_at = end + 4
            self._length = _length(bytes(self._received[:end]).lower())
        if len(self._received) >= self._body_at + self._length and self._answer is not None:
            self._answer.set_result((int(self._received[9:12]), bytes(self._received[self._body_at :])))

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        assert self._transport is not None
        self._received.clear()
        self._body_at = 0
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"content-length:")
    if not found and b"transfer-encoding: chunked" in head:
        raise NotImplementedError("an answer without Content-Length")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def _connect(port: int) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
    return connection


async def once(port: int, request: Request) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = await _connect(port)
    try:
        return await connection.exchange(request.encode())
    finally:
        connection.close()


async def each_once(port: int, make: Callable[[int], Request], count: int, *, clients: int) -> list[bytes]:
    """The bodies of `count` requests, in order; raises where one is refused."""
    bodies: list[bytes] = [b""] * count
    numbers = iter(range(count))

    async def client() -> None:
        connection = await _connect(port)
        for number in numbers:
            request = make(number)
            status, body = await connection.exchange(request.encode())
            if status not in request.expect:
                raise RuntimeError(f"{request.method} {request.path}: {status} {body[:500]!r}")
            bodies[number] = body
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return bodies


@dataclass(frozen=True, slots=True)
class Round:
    """The latency of every request in seconds, whether it went well, and how long all of them took together."""

    answered: list[tuple[float, bool]]
    seconds: float


async def measure(port: int, make: Callable[[int], Request], *, clients: int, seconds: float) -> Round:
    """Send what `make(n)` gives for n = 0, 1, 2 … from `clients` connections for `seconds`."""
    answered: list[tuple[float, bool]] = []
    numbers = iter(range(10**9))
    connections = [await _connect(port) for _ in range(clients)]
    started = time.perf_counter()

    async def client(connection: _Connection) -> None:
        while (now := time.perf_counter()) < started + seconds:
            request = make(next(numbers))
            status, _ = await connection.exchange(request.encode())
            answered.append((time.perf_counter() - now, status in request.expect))

    await asyncio.gather(*map(client, connections))
    took = time.perf_counter() - started
    for each in connections:
        each.close()
    return Round(answered, took)


def summed_up(rounds: list[Round]) -> Measured:
    """What several rounds say together."""
    latencies = sorted(latency * 1000 for each in rounds for latency, _ in each.answered)
    failures = sum(1 for each in rounds for _, fine in each.answered if not fine)
    seconds = sum(each.seconds for each in rounds)
    return Measured(len(latencies) / seconds, _at(latencies, 0.5), _at(latencies, 0.99), len(latencies), failures)


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, max(0, math.ceil(part * len(ordered)) - 1))]
