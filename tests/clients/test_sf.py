"""The `sf` command line, unmodified: signed in with an access token, and what people use it for."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from clients.conftest import ENVIRONMENT, HERE, Clients

#: It is to ask nobody but our server.
QUIET = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_HIDE_RELEASE_NOTES": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    "NO_COLOR": "1",
    "FORCE_COLOR": "0",
}


class CommandLine:
    """`sf`, with its own home."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients

    def sf(self, *arguments: str) -> str:
        script = str(HERE / "node_modules/@salesforce/cli/bin/run.js")
        more = QUIET | {"SF_ACCESS_TOKEN": self.clients.environment["CHASSIS_TOKEN"]}
        return self.clients.run([str(ENVIRONMENT / "bin/node"), script, *arguments], more)

    def result(self, *arguments: str) -> Any:
        return json.loads(self.sf(*arguments, "--json"))["result"]


@pytest.fixture(scope="module")
def line(clients: Clients) -> CommandLine:
    line = CommandLine(clients)
    login = ("org", "login", "access-token", "--instance-url", clients.site.url, "--no-prompt", "--set-default")
    assert line.result(*login, "--alias", "chassis")["orgId"] == clients.site.organization_id
    return line


def test_a_record_is_created_and_found(line: CommandLine) -> None:
    values = "LastName='欧阳 Sample' MobilePhone='+13935550123'"
    made = line.result("data", "create", "record", "--sobject", "Lead", "--values", values)
    query = ("data", "query", "--query", "SELECT Id, Name, Owner.Name FROM Lead WHERE LastName = '欧阳 Sample'")

    text, found = line.sf(*query, "--result-format", "csv"), line.result(*query)

    assert list(csv.DictReader(io.StringIO(text))) == [
        {"Id": made["id"], "Name": "欧阳 Sample", "Owner.Name": "Partner"}
    ]
    assert (found["totalSize"], found["records"][0]["Owner"]["Name"]) == (1, "Partner")


def test_files_are_imported_and_exported_in_bulk(line: CommandLine) -> None:
    sent = line.clients.home / "leads.csv"
    rows = [f"Bulk {number:03},+1394555{number:04}" for number in range(300)]
    sent.write_text("\n".join(["LastName,MobilePhone", *rows]) + "\n")
    taken = line.result("data", "import", "bulk", "--sobject", "Lead", "--file", str(sent), "--wait", "3")
    assert (taken["processedRecords"], taken["failedRecords"]) == (300, 0)

    got = line.clients.home / "out.csv"
    query = "SELECT LastName, MobilePhone FROM Lead WHERE LastName LIKE 'Bulk %' ORDER BY LastName"
    line.sf("data", "export", "bulk", "--query", query, "--output-file", str(got), "--wait", "3")

    with got.open(newline="") as file:
        names = sorted(each["LastName"] for each in csv.DictReader(file))
    assert names == [f"Bulk {number:03}" for number in range(300)]


def test_objects_and_limits_are_told(line: CommandLine) -> None:
    lead = line.result("sobject", "describe", "--sobject", "Lead")
    assert {each["name"] for each in lead["fields"]} >= {"Id", "Name", "Status", "OwnerId", "SystemModstamp"}
    limits = {each["name"]: each for each in line.result("org", "list", "limits")}
    assert 0 < limits["DailyApiRequests"]["remaining"] < limits["DailyApiRequests"]["max"]
