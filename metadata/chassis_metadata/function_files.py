"""The data files beside a package's functions: read from the folder into the bodies that name them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from chassis_metadata.errors import Problem

LARGEST_FILE = 8 * 1024 * 1024
_ENDINGS = (".csv", ".csv.gz")


def is_function_file(file: Path) -> bool:
    """Whether a file of the package (by its relative path) is data of a function."""
    return len(file.parts) == 2 and file.parts[0] == "functions" and file.name.endswith(_ENDINGS)  # noqa: PLR2004


def attach_function_files(folder: Path, functions: object) -> list[Problem]:
    """Put every file that a function's `data` names into the function's `files`; what could not be read is answered."""
    problems: list[Problem] = []
    for name, body in functions.items() if isinstance(functions, dict) else ():
        wanted = dict.fromkeys(_named(body))
        if not wanted or "files" in body:
            continue
        body["files"] = {}
        for file in wanted:
            problem = _attach(folder / "functions", file, body["files"])
            problems += [Problem(f"functions.{name}", *each, file=f"functions/{name}.yaml", line=1) for each in problem]
    return problems


def _attach(folder: Path, file: str, files: dict[str, str]) -> list[tuple[str, str]]:
    path = folder / file
    if Path(file).name != file or not file.endswith(_ENDINGS) or path.is_symlink() or not path.is_file():
        return [("missing_file", f"There is no data file functions/{file}: a .csv or .csv.gz beside the function.")]
    content = path.read_bytes()
    if len(content) > LARGEST_FILE:
        return [("file_too_large", f"functions/{file}: at most {LARGEST_FILE:,} bytes. Pack it with gzip.")]
    files[file] = base64.b64encode(content).decode()
    return []


def _named(body: object) -> Iterator[str]:
    """The `data` of the body and of its parts."""
    waiting = [body]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("data"), str):
                yield each["data"]
            waiting += [value for key, value in each.items() if key != "files"]
