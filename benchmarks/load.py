"""A small HTTP load generator: keep-alive connections on raw sockets, so that it takes little of the machine it measures."""

from __future__ import annotations

import asyncio
import statistics
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


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[int, bytes]:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lowered = head.lower()
    if b"content-length:" in lowered:
        length = int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return status, await reader.readexactly(length) if length else b""
    if b"transfer-encoding: chunked" in lowered:
        return status, await _chunks(reader)
    return status, b""


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readexactly(2)
    return b"".join(parts)


async def once(port: int, request: Request) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
    try:
        return await _exchange(reader, writer, request.encode())
    finally:
        writer.close()


async def measure(port: int, make: Callable[[int], Request], *, clients: int, seconds: float) -> Measured:
    """Send what `make(n)` gives for n = 0, 1, 2 … from `clients` connections for `seconds`."""
    latencies: list[float] = []
    failures = 0
    numbers = iter(range(10**9))
    end = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal failures
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
        while time.perf_counter() < end:
            request = make(next(numbers))
            started = time.perf_counter()
            status, _ = await _exchange(reader, writer, request.encode())
            latencies.append(time.perf_counter() - started)
            failures += status not in request.expect
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    took = time.perf_counter() - started
    cuts = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [latencies[0]] * 99
    return Measured(len(latencies) / took, cuts[49] * 1000, cuts[98] * 1000, len(latencies), failures)
