"""The command line: `chassis up` and what operators and implementers do without a browser."""

from __future__ import annotations

import importlib
import sys

#: Needs neither server nor database, and is asked often: it doesn't wait until they are loaded.
_LIGHT = "soql"


def main() -> None:
    """Run a command."""
    if sys.argv[1:2] == [_LIGHT]:
        importlib.import_module(f"chassis_platform.cli.{_LIGHT}").app(sys.argv[2:], prog_name=f"chassis {_LIGHT}")
    else:
        importlib.import_module("chassis_platform.cli.commands").run()
