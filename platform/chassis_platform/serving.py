"""Serving: uvicorn with uvloop, on the port that was asked for, with a clear word when that one is taken."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
import uvicorn
import uvloop
from rich.console import Console
from starlette.applications import Starlette

from chassis_platform.api.request_head import LimitedHead
from chassis_platform.settings import Settings
from chassis_platform.tls import Certificate, local_certificate


def listen(settings: Settings, port: int) -> socket.socket:
    """A listening socket; raises OSError when the port is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(2048)
    return listener


def _listen_or_exit(settings: Settings) -> socket.socket:
    try:
        return listen(settings, settings.port)
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        typer.echo(f"Cannot listen on {place}: {error.strerror}. Set CHASSIS_PORT to a free port.", err=True)
        raise typer.Exit(1) from None


def _listen_with_tls(settings: Settings, console: Console) -> socket.socket | None:
    """The HTTPS port is a convenience: when it is taken, the product starts without it and says so."""
    if settings.tls_port == 0 or settings.port == 0:
        return None
    port = settings.tls_port or settings.port + 443
    try:
        return listen(settings, port)
    except (OSError, OverflowError):
        console.print(f"[yellow]Port {port} is taken: no HTTPS. Set CHASSIS_TLS_PORT to a free port.[/yellow]")
        return None


def address(settings: Settings, listener: socket.socket, scheme: str = "http") -> str:
    """The address to open in a browser."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else settings.host  # noqa: S104  compared
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


def serve(app: Starlette, settings: Settings, home: Path, console: Console) -> None:
    """Serve until interrupted. Says the address first, and who may sign in where a demo was loaded."""
    plain = _listen_or_exit(settings)
    secure = _listen_with_tls(settings, console)
    _announce(home, address(settings, plain), console)
    serving = serve_on(app, plain, secure, _certificate(settings, home) if secure else None)
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


def _certificate(settings: Settings, home: Path) -> Certificate:
    if settings.tls_certificate and settings.tls_key:
        return Certificate(settings.tls_certificate, settings.tls_key, None)
    return local_certificate(home)


async def serve_on(
    app: Starlette, plain: socket.socket, secure: socket.socket | None, certificate: Certificate | None
) -> None:
    """One application behind both ports: it is opened once and closed when the last port is."""
    servers = [(uvicorn.Server(_config(app, None)), plain)]
    if secure is not None:
        servers.append((uvicorn.Server(_config(app, certificate)), secure))
    async with app.router.lifespan_context(app):
        serving = asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in servers))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            for server, _ in servers:
                server.should_exit = True
            await serving
            raise
        finally:
            await _hang_up(server for server, _ in servers)


async def _hang_up(servers: Iterable[uvicorn.Server]) -> None:
    """Drop what is left of connections: a TLS peer may never answer the goodbye that its transport waits for."""
    for server in servers:
        for connection in list(server.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
    await asyncio.sleep(0.05)


def _config(app: Starlette, certificate: Certificate | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        http=LimitedHead,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=30,
        ssl_certfile=None if certificate is None else certificate.chain,
        ssl_keyfile=None if certificate is None else certificate.key,
    )


def _announce(home: Path, url: str, console: Console) -> None:
    console.print(f"\n[bold green]Chassis is at {url}[/bold green]")
    path = home / "demo.json"
    if not path.exists():
        return
    demo = json.loads(path.read_text())
    if demo.get("url") != url:
        path.write_text(json.dumps(demo | {"url": url}, indent=2, ensure_ascii=False))
    for tenant in demo["tenants"]:
        _announce_tenant(tenant, console)
    console.print(f"\nThe same, with API clients and inbound keys: {path}\nCtrl-C stops everything.", soft_wrap=True)


def _announce_tenant(tenant: dict[str, Any], console: Console) -> None:
    console.print(f"\n[bold]{tenant['name']}[/bold]")
    width = max(len(user["username"]) for user in tenant["users"])
    for user in tenant["users"]:
        console.print(f"  {user['username']:<{width}}  {user['password']}  {user['persona']}", soft_wrap=True)
