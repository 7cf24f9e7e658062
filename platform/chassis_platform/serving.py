"""Serving: uvicorn with uvloop, on the port that was asked for, with a clear word when that one is taken."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import typer
import uvicorn
from rich.console import Console
from starlette.types import ASGIApp

from chassis_platform.settings import Settings


def listen(settings: Settings) -> socket.socket:
    """The listening socket; exits with a clear message when the port is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        typer.echo(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Set CHASSIS_PORT to a free port.",
            err=True,
        )
        raise typer.Exit(1) from None
    listener.listen(2048)
    return listener


def address(settings: Settings, listener: socket.socket) -> str:
    """The address to open in a browser."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else settings.host  # noqa: S104  compared
    return f"http://{host}:{listener.getsockname()[1]}"


def serve(app: ASGIApp, settings: Settings, home: Path, console: Console) -> None:
    """Serve until interrupted. Says the address first, and who may sign in where a demo was loaded."""
    listener = listen(settings)
    url = address(settings, listener)
    _announce(home, url, console)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=30,
    )
    uvicorn.Server(config).run(sockets=[listener])


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
    console.print(f"\nThe same, with API clients and inbound keys: {path}\nCtrl-C stops everything.")


def _announce_tenant(tenant: dict[str, Any], console: Console) -> None:
    console.print(f"\n[bold]{tenant['name']}[/bold]")
    width = max(len(user["username"]) for user in tenant["users"])
    for user in tenant["users"]:
        console.print(f"  {user['username']:<{width}}  {user['password']}  {user['persona']}")
