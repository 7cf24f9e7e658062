"""`tabs`, `appMenu` and `theme`: what the user's applications show, and the icons of their objects."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import definitions_route
from chassis_platform.api.describe import Document, visible_objects
from chassis_platform.api.oauth import base_url
from chassis_platform.api.ui_session import apps_of
from chassis_platform.api.versions import ROOT, demand_version

OBJECT = "object"
_APPS, _NAVIGATION = "AppSwitcher", "Salesforce1"


async def list_tabs(context: Context, request: Request) -> Response:
    """`GET /tabs`: each tab of the user's applications once."""
    demand_version(request)
    tabs = {each["name"]: each for app in apps_of(context) for each in app["tabs"]}
    return json_response([_tab(context, each, base_url(request)) for each in tabs.values()])


def _tab(context: Context, tab: dict[str, Any], site: str) -> Document:
    name, is_object = tab["name"], tab["kind"] == OBJECT
    return {
        "colors": [],
        "custom": is_object and context.snapshot.objects[name].is_custom,
        "iconUrl": None,
        "icons": [],
        "label": tab["label"],
        "miniIconUrl": None,
        "name": f"standard-{name}",
        "sobjectName": name if is_object else None,
        "timeZone": None,
        "url": _address(tab, site),
    }


async def app_menus(context: Context, request: Request) -> Response:
    """`GET /appMenu`: which menus there are."""
    del context
    root = f"/services/data/v{demand_version(request)}/appMenu"
    return json_response({name: f"{root}/{name}" for name in (_APPS, _NAVIGATION)})


async def applications(context: Context, request: Request) -> Response:
    """`GET /appMenu/AppSwitcher`: the applications that the user may open."""
    demand_version(request)
    site = base_url(request)
    return json_response(
        {"appMenuItems": [_item("Tabset", each["label"], _address(each["tabs"][0], site)) for each in apps_of(context)]}
    )


async def navigation(context: Context, request: Request) -> Response:
    """`GET /appMenu/Salesforce1`: all their tabs, each once, as a small screen lists them."""
    demand_version(request)
    site = base_url(request)
    tabs = {each["name"]: each for app in apps_of(context) for each in app["tabs"]}
    items = [_item(f"Standard.{each['name']}", each["label"], _address(each, site)) for each in tabs.values()]
    return json_response({"appMenuItems": items})


def _item(kind: str, label: str, address: str) -> Document:
    return {"type": kind, "content": None, "icons": None, "colors": None, "label": label, "url": address}


def _address(tab: dict[str, Any], site: str) -> str:
    return f"{site}/o/{tab['name']}" if tab["kind"] == OBJECT else f"{site}/{tab['name']}"


async def theme(context: Context, request: Request) -> Response:
    """`GET /theme`: the objects; how they look is the web application's own."""
    demand_version(request)
    items = [{"colors": [], "icons": [], "name": each.name} for each in visible_objects(context)]
    return json_response({"themeItems": items})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        definitions_route(f"{ROOT}/tabs", ["GET"], list_tabs),
        definitions_route(f"{ROOT}/appMenu", ["GET"], app_menus),
        definitions_route(f"{ROOT}/appMenu/{_APPS}", ["GET"], applications),
        definitions_route(f"{ROOT}/appMenu/{_NAVIGATION}", ["GET"], navigation),
        definitions_route(f"{ROOT}/theme", ["GET"], theme),
    ]
