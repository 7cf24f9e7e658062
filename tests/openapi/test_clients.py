"""Clients that generators make of a user's document, used against the server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openapi.conftest import document_of
from serving import Site

HERE = Path(__file__).parent / "clients"
NODE_MODULES = Path(__file__).parents[1] / "clients/node_modules"
ENVIRONMENT = Path(sys.prefix)


@pytest.fixture(scope="module")
def folder(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the partner's document lies, with the operations of one object."""
    folder = tmp_path_factory.mktemp("clients")
    with site.partner("partner") as client:
        (folder / "openapi.json").write_text(json.dumps(document_of(client, objects="Lead")))
    return folder


def _run(folder: Path, command: list[str], site: Site | None = None, **environment: str) -> str:
    given = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
    if site is not None:
        given |= {"CHASSIS_URL": site.url, "CHASSIS_TOKEN": site.token("partner")}
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def python_client(folder: Path) -> Path:
    """A package made by openapi-python-client, which lies with the other clients, apart from all else."""
    (folder / "config.yml").write_text("post_hooks: []\n")
    generate = ["-m", "openapi_python_client", "generate", "--path", "openapi.json", "--config", "config.yml"]
    out = ["--meta", "none", "--output-path", "chassis_client"]
    _run(folder, [sys.executable, *generate, *out], PYTHONPATH=str(ENVIRONMENT / "clients"))
    return folder


def test_a_generated_python_client_creates_reads_changes_and_queries(python_client: Path, site: Site) -> None:
    path = f"{ENVIRONMENT / 'clients'}:{python_client}"
    told: dict[str, Any] = json.loads(
        _run(python_client, [sys.executable, str(HERE / "typed_journey.py")], site, PYTHONPATH=path)
    )
    assert told == {
        "success": True,
        "refused": ["STRING_TOO_LONG"],
        "changed": 204,
        "read": ["欧阳", "Changed", "Website", "str"],
        "found": ["欧阳"],
        "deleted": 204,
    }


@pytest.fixture(scope="module")
def typescript(folder: Path) -> Path:
    """The types that openapi-typescript makes, beside a program that uses them by openapi-fetch."""
    project = folder / "typescript"
    shutil.copytree(HERE, project)
    (project / "node_modules").symlink_to(NODE_MODULES)
    (project / "package.json").write_text('{"type": "module"}')
    program = [_node(), str(NODE_MODULES / "openapi-typescript/bin/cli.js")]
    _run(project, [*program, "../openapi.json", "-o", "schema.d.mts"])
    return project


def _node() -> str:
    return str(ENVIRONMENT / "bin/node")


def test_generated_types_compile_against_a_program_and_fit_the_answers(typescript: Path, site: Site) -> None:
    _run(typescript, [_node(), str(NODE_MODULES / "typescript/bin/tsc"), "-p", "tsconfig.json"])
    told: dict[str, Any] = json.loads(_run(typescript, [_node(), "typed_journey.mts"], site))
    assert told == {
        "success": True,
        "refused": ["STRING_TOO_LONG"],
        "read": ["欧阳", "Changed", "Website"],
        "found": 1,
        "deleted": 204,
    }
