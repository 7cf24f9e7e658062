"""Setup: packages installed and available."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.check.manifest import version_of
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.setup_four_eyes import with_four_eyes
from chassis_platform.auth.verification import require_recent_verification
from chassis_platform.automation.four_eyes import PACKAGE
from chassis_tenants.installer import install
from chassis_tenants.statement import Statement

_PUBLISHED = """
SELECT p.package, p.version, p.document -> 'package' FROM chassis.package_version p ORDER BY p.package
"""


async def list_packages(context: Context, request: Request) -> Response:
    """`GET /setup/packages`."""
    context.policy.demand("ViewSetup")
    rows = await server_of(request).database.registry(Statement(_PUBLISHED))
    versions: dict[str, list[str]] = {}
    manifests = {}
    for package, version, manifest in sorted(rows, key=lambda row: version_of(row[1])):
        versions.setdefault(package, []).append(version)
        manifests[package] = manifest
    installed = context.snapshot.packages
    owned = [each.package for each in context.snapshot.objects.values()]
    return json_response(
        {
            "packages": [
                {
                    "name": name,
                    "label": manifests[name].get("label", name),
                    "description": manifests[name].get("description"),
                    "publisher": manifests[name].get("publisher"),
                    "depends_on": manifests[name].get("depends_on") or {},
                    "versions": versions[name],
                    "installed": installed.get(name),
                    "objects": owned.count(name),
                }
                for name in sorted(versions)
            ]
        }
    )


async def install_package(context: Context, request: Request) -> Response:
    """`POST /setup/packages/{name}/install`."""
    context.policy.demand("ManagePackages")
    require_recent_verification(context)  # a package brings rules of sharing and sets of permissions
    name = request.path_params["name"]
    document = await json_object(request)
    started = time.perf_counter()
    await install(
        server_of(request).snapshots,
        context.tenant.id,
        name,
        document.get("version"),
        actor=context.actor,
        with_dependencies=True,
    )
    return json_response({"milliseconds": round((time.perf_counter() - started) * 1000)})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/setup/packages", ["GET"], list_packages),
        route("/setup/packages/{name}/install", ["POST"], with_four_eyes(PACKAGE, "ManagePackages", install_package)),
    ]
