"""What a loader of a data warehouse does (Singer's tap-salesforce); prints what it got, as JSON.

The tap asks login.salesforce.com for its token, whatever one does. Here, on this machine alone, our server answers
that one call.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from tap_salesforce import build_state, do_discover, do_sync
from tap_salesforce.salesforce import Salesforce

LOGIN = "https://login.salesforce.com"


class Home(HTTPAdapter):
    """Sends what is meant for the field's login to our server."""

    def send(self, request: requests.PreparedRequest, *arguments: Any, **more: Any) -> requests.Response:
        request.url = str(request.url).replace(LOGIN, os.environ["CHASSIS_HTTPS"])
        return super().send(request, *arguments, **more)


def printed(run: Any, *arguments: Any) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        run(*arguments)
    return output.getvalue()


def select(catalog: dict[str, Any], *names: str) -> None:
    for stream in catalog["streams"]:
        [whole] = [each["metadata"] for each in stream["metadata"] if each["breadcrumb"] == []]
        whole["selected"] = stream["stream"] in names


def journey() -> dict[str, Any]:
    config = Path("config.json")
    config.write_text(json.dumps({"refresh_token": os.environ["CHASSIS_REFRESH_TOKEN"]}))
    tap = Salesforce(
        refresh_token=os.environ["CHASSIS_REFRESH_TOKEN"],
        sf_client_id=os.environ["CHASSIS_CLIENT"],
        sf_client_secret=os.environ["CHASSIS_SECRET"],
        default_start_date="2020-01-01T00:00:00Z",
        api_type="REST",
        select_fields_by_default=True,
        config_path=str(config),
    )
    tap.session.mount(LOGIN, Home())
    tap.login()
    tap.login_timer.cancel()
    catalog = json.loads(printed(do_discover, tap))
    select(catalog, "Lead", "User")
    messages = [json.loads(each) for each in printed(do_sync, tap, catalog, build_state({}, catalog)).splitlines()]
    leads = [each["record"] for each in messages if each["type"] == "RECORD" and each["stream"] == "Lead"]
    return {
        "streams": [each["stream"] for each in catalog["streams"]],
        "records": Counter(each["stream"] for each in messages if each["type"] == "RECORD"),
        "names": sorted(each["LastName"] for each in leads)[:2],
        "bookmarks": sorted(messages[-1]["value"]["bookmarks"]),
        "is_renewed": json.loads(config.read_text())["refresh_token"] != os.environ["CHASSIS_REFRESH_TOKEN"],
    }


print(json.dumps(journey()))  # noqa: T201  it is what the test reads
