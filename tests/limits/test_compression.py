"""Bodies compressed both ways: what goes in is bounded, what comes out is what was asked for."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from backports import zstd
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from chassis_metadata.errors import ChassisError
from chassis_platform.api.bodies import body_bytes
from chassis_platform.api.compression import Compression, accepted
from chassis_platform.api.errors import response_for

LARGEST = 1_000_000
LARGE = json.dumps([{"Name": f"Sample {number}"} for number in range(1_000)]).encode()


async def echo(request: Request) -> Response:
    try:
        return Response(await body_bytes(request, largest=LARGEST), media_type="text/plain")
    except ChassisError as error:
        return response_for(error)


async def large(request: Request) -> Response:
    return Response(LARGE, media_type="application/json", headers={"etag": request.url.path})


async def lines(request: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        for number in range(1_000):
            yield f"{number},sample\n"

    return StreamingResponse(parts(), media_type=request.query_params["type"])


async def small(request: Request) -> Response:
    return JSONResponse({"path": request.url.path})


APP = Starlette(
    routes=[
        Route("/echo", echo, methods=["POST"]),
        Route("/large", large),
        Route("/services/oauth2/token", large),
        Route("/lines", lines),
        Route("/small", small),
    ],
    middleware=[Middleware(Compression)],
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://server") as client:
        yield client


async def raw(client: httpx.AsyncClient, path: str, accepting: str) -> tuple[str | None, bytes, httpx.Headers]:
    """Encoding, bytes as they came, headers."""
    async with client.stream("GET", path, headers={"accept-encoding": accepting}) as answer:
        content = b"".join([part async for part in answer.aiter_raw()])
        return answer.headers.get("content-encoding"), content, answer.headers


ENCODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress, "identity": bytes}
DECODERS: dict[str | None, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress, None: bytes}


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate", "gzip"),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("zstd;q=0, gzip;q=0.001", "gzip"),
        ("*", "zstd"),
        ("*;q=0.1, zstd;q=0", "gzip"),
        ("identity", None),
        ("", None),
        ("gzip;q=nonsense", None),
        ("notgzip", None),
    ],
)
def test_the_encoding_is_the_one_that_the_client_likes_best(header: str, chosen: str | None) -> None:
    assert accepted(header) == chosen


@pytest.mark.parametrize(("accepting", "encoding"), [("zstd", "zstd"), ("gzip", "gzip"), ("identity", None)])
async def test_a_large_answer_comes_compressed_as_asked(
    client: httpx.AsyncClient, accepting: str, encoding: str | None
) -> None:
    told, content, headers = await raw(client, "/large", accepting)

    assert (told, DECODERS[encoding](content)) == (encoding, LARGE)
    assert headers["content-length"] == str(len(content))
    assert headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepting", ["zstd", "gzip"])
async def test_an_answer_that_is_streamed_is_compressed_on_its_way(client: httpx.AsyncClient, accepting: str) -> None:
    told, content, _ = await raw(client, "/lines?type=text/csv", accepting)

    assert told == accepting
    assert DECODERS[accepting](content).count(b"\n") == 1_000
    assert len(content) < len(DECODERS[accepting](content))


@pytest.mark.parametrize("path", ["/lines?type=text/event-stream", "/small", "/services/oauth2/token"])
async def test_events_small_answers_and_secrets_are_not_compressed(client: httpx.AsyncClient, path: str) -> None:
    told, _, _ = await raw(client, path, "gzip, zstd")

    assert told is None


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity"])
async def test_a_body_may_come_compressed(client: httpx.AsyncClient, encoding: str) -> None:
    for content in (LARGE, b"", b"x"):
        sent = ENCODERS[encoding](content)
        answer = await client.post("/echo", content=sent, headers={"content-encoding": encoding})
        assert answer.content == content


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_body_of_several_parts_is_one(client: httpx.AsyncClient, encoding: str) -> None:
    sent = ENCODERS[encoding](b"one ") + ENCODERS[encoding](b"two")
    answer = await client.post("/echo", content=sent, headers={"content-encoding": encoding})

    assert answer.content == b"one two"


def _bombs() -> dict[str, bytes]:
    nothing = bytes(LARGEST + 1)
    return {
        "gzip": gzip.compress(nothing, mtime=0),
        "zstd": zstd.compress(nothing),
        "many gzip members": gzip.compress(bytes(LARGEST // 10)) * 11,
    }


@pytest.mark.parametrize("name", ["gzip", "zstd", "many gzip members"])
async def test_a_small_body_that_becomes_a_large_one_is_refused(client: httpx.AsyncClient, name: str) -> None:
    encoding = "zstd" if name == "zstd" else "gzip"
    answer = await client.post("/echo", content=_bombs()[name], headers={"content-encoding": encoding})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (413, "REQUEST_TOO_LARGE")


@pytest.mark.parametrize(
    ("encoding", "content", "status"),
    [
        ("gzip", b"not compressed", 400),
        ("zstd", b"not compressed", 400),
        ("gzip", gzip.compress(LARGE, mtime=0)[:-20], 400),
        ("zstd", zstd.compress(LARGE)[:-20], 400),
        ("gzip", zlib.compress(LARGE), 400),
        ("gzip", gzip.compress(b"x", mtime=0) + b"rest", 400),
        ("br", b"x", 415),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), 415),
    ],
)
async def test_what_cannot_be_opened_is_refused(
    client: httpx.AsyncClient, encoding: str, content: bytes, status: int
) -> None:
    answer = await client.post("/echo", content=content, headers={"content-encoding": encoding})

    assert answer.status_code == status


async def test_a_window_that_would_take_much_memory_is_refused(client: httpx.AsyncClient) -> None:
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    sent = compressor.compress(bytes(300_000), zstd.ZstdCompressor.FLUSH_BLOCK) + compressor.flush()
    answer = await client.post("/echo", content=sent, headers={"content-encoding": "zstd"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_ENCODING")
