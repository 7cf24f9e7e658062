"""A folder of YAML to a Package; a Package to the document that the registry stores, and back; its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from chassis_metadata.bodies import body_of
from chassis_metadata.components import Package
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.forms import Complaint, complaints, near
from chassis_metadata.function_files import attach_function_files, is_function_file
from chassis_metadata.logic.kinds import FILE_KEYS, FOLDER_KEYS, KINDS_BY_KEY, LOGIC_KINDS, OBJECT_KEYS
from chassis_metadata.logic.row_files import attach_rows, is_row_file
from chassis_metadata.parse import PLURALS, Named, build_component, name_complaints
from chassis_metadata.places import Source, Where, locate, problem_at
from chassis_metadata.yaml_text import read_yaml

MAX_FILES = 5_000
FORMAT = 1

#: Where components that belong to no object lie in the tree and in a Package: key -> (kind, attribute).
TOP_KINDS = {
    "value_sets": ("value_set", "value_sets"),
    "roles": ("role", "roles"),
    "queues": ("queue", "queues"),
    "apps": ("app", "apps"),
    "permission_sets": ("permission_set", "permission_sets"),
    "functions": ("function", "functions"),
    "inbound": ("inbound", "inbound_mappings"),
    "translations": ("translation", "translations"),
    "data": ("data", "reference_data"),
}
#: The same for what belongs to an object.
PART_KINDS = {
    "fields": ("field", "fields"),
    "record_types": ("record_type", "record_types"),
    "paths": ("path", "paths"),
    "list_views": ("list_view", "list_views"),
    "layouts": ("layout", "layouts"),
}
_TOP_FILES = frozenset({"package", "value_sets", "roles", "queues"}) | FILE_KEYS
_FOLDERS = (frozenset(TOP_KINDS) - _TOP_FILES) | FOLDER_KEYS
_OBJECT_FILES = frozenset({"object", *PART_KINDS}) | OBJECT_KEYS
_IGNORED_FOLDERS = frozenset({"cases", "demo", "docs"})

#: Everything a package says, as nested plain maps: tree["objects"]["Lead"]["fields"]["Status"].
Tree = dict[str, Any]


def read_package(folder: Path) -> Package:
    """The package in a folder; Invalid with every problem of form in all of its files."""
    if not folder.is_dir():
        raise Invalid(Problem("", "no_such_folder", f"{folder} is no folder.", file=str(folder)))
    reading = _Reading()
    for path in sorted(_package_files(folder)):
        reading.read(folder, path)
    reading.problems += attach_function_files(folder, reading.tree.get("functions"))
    reading.problems += attach_rows(folder, reading.tree.get("decision_tables"))
    if "package" not in reading.tree and not reading.problems:
        message = "A package needs a package.yaml with its name and version."
        reading.problems.append(Problem("package", "missing_file", message, file="package.yaml", line=1))
    return _finish(reading)


def package_to_document(package: Package) -> dict[str, Any]:
    """The package as JSON values. Lists of [name, body] keep an order that JSON maps may lose in a database."""
    names = {**package.objects, **package.fields}
    names |= {each.object_name: None for each in package.logic if each.object_name and each.object_name not in names}
    for key, (_, attribute) in PART_KINDS.items():
        if key != "fields":
            names |= {each.object_name: None for each in getattr(package, attribute)}
    tops = {key: _pairs(getattr(package, attribute)) for key, (_, attribute) in TOP_KINDS.items()}
    return {
        "format": FORMAT,
        "package": body_of(package.manifest),
        "objects": [[name, _object_document(package, name)] for name in names],
        **{key: pairs for key, pairs in tops.items() if pairs},
        **_logic_documents(package),
    }


def _logic_documents(package: Package) -> dict[str, Any]:
    """What belongs to no object of the kinds of logic, by key."""
    found: dict[str, Any] = {}
    for each in package.logic:
        if not each.object_name:
            found.setdefault(PLURALS[each.kind], []).append([each.name, body_of(each)])
    return found


def package_from_document(document: Mapping[str, Any]) -> Package:
    """The package of a stored document; Invalid if it is none."""
    reading = _Reading()
    try:
        reading.tree = _document_tree(document)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        raise Invalid.of("not_a_package", "This is no package document.") from None
    return _finish(reading)


def digest(package: Package) -> str:
    """A SHA-256 over all that the package says; places in files don't count."""
    text = json.dumps(package_to_document(package), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class _Piece(NamedTuple):
    """One component of the tree, not yet checked."""

    kind: str
    where: Where
    name: str
    object_name: str
    body: Any


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    tree: Tree = field(default_factory=dict)
    places: dict[Where, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def read(self, folder: Path, path: Path) -> None:
        file = path.relative_to(folder).as_posix()
        try:
            where = _where_of(path.relative_to(folder))
            read = read_yaml(_read_text(path, file), file, where)
        except Invalid as error:
            self.problems += error.problems
            return
        self.places |= read.places
        self.problems += read.problems
        _put(self.tree, where, read.value)

    def complain(self, piece: _Piece, complaint: Complaint) -> None:
        where = (*piece.where, *complaint.where)
        self.problems.append(problem_at(self.places, where, complaint.code, complaint.message))


def _package_files(folder: Path) -> Iterator[Path]:
    for count, path in enumerate(folder.rglob("*")):
        if count > MAX_FILES:
            raise Invalid(Problem("", "too_many_files", f"At most {MAX_FILES:,} files.", file=str(folder)))
        relative = path.relative_to(folder)
        if (path.is_file() or path.is_symlink()) and not _is_ignored(relative):
            yield path


def _is_ignored(file: Path) -> bool:
    """Hidden files, texts for people, the package's own tests, the plan of its demo."""
    is_hidden = any(part.startswith(".") for part in file.parts)
    is_prose = file.suffix == ".md" or file.name.startswith(("LICENSE", "NOTICE"))
    return is_hidden or is_prose or is_function_file(file) or is_row_file(file) or file.parts[0] in _IGNORED_FOLDERS


def _where_of(file: Path) -> Where:
    parts = file.with_suffix("").parts
    match parts:
        case (name,) if name in _TOP_FILES:
            fits = True
        case (top, _) if top in _FOLDERS:
            fits = True
        case ("objects", _, name) if name in _OBJECT_FILES:
            fits = True
        case _:
            fits = False
    if fits and file.suffix == ".yaml":
        return parts
    known = [*(f"{each}.yaml" for each in sorted(_TOP_FILES | _OBJECT_FILES)), *sorted(_FOLDERS), "objects"]
    hint = near(file.name, known) or near(parts[0], known)
    message = f"A package has no such file.{hint} See docs/reference/package-format.md for the folders."
    raise Invalid(Problem("", "unknown_file", message, file=file.as_posix(), line=1))


def _read_text(path: Path, file: str) -> str:
    if path.is_symlink():
        raise Invalid(Problem("", "unknown_file", "Links are not followed. Put the file here.", file=file, line=1))
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Invalid(Problem("", "not_utf8", "The file is not UTF-8 text.", file=file, line=line)) from None


def _put(tree: Tree, where: Where, value: Any) -> None:
    for part in where[:-1]:
        tree = tree.setdefault(str(part), {})
    tree[str(where[-1])] = value


def _finish(reading: _Reading) -> Package:
    pieces = list(_pieces(reading))
    for piece in pieces:
        found = complaints(piece.kind, piece.body)
        for complaint in [*name_complaints(piece.kind, piece.name), *found]:
            reading.complain(piece, complaint)
    if reading.problems:
        raise Invalid(sorted(reading.problems, key=lambda each: (each.file or "", each.line or 0)))
    return _build(pieces, reading.places)


def _pieces(reading: _Reading) -> Iterator[_Piece]:
    tree = reading.tree
    if "package" in tree:
        yield _Piece("package", ("package",), "package", "", tree["package"])
    for key, (kind, _) in TOP_KINDS.items():
        for name, body in _entries(reading, (key,), tree.get(key, {})):
            yield _Piece(kind, (key, name), name, "", body)
    for key in sorted(FILE_KEYS | FOLDER_KEYS):
        for name, body in _entries(reading, (key,), tree.get(key, {})):
            yield _Piece(KINDS_BY_KEY[key].kind, (key, name), name, "", body)
    for name, parts in _entries(reading, ("objects",), tree.get("objects", {})):
        yield from _object_pieces(reading, name, parts)


def _object_pieces(reading: _Reading, name: str, parts: Any) -> Iterator[_Piece]:
    here: Where = ("objects", name)
    if not isinstance(parts, Mapping) or "object" not in parts:
        message = f"objects/{name} needs an object.yaml; `extends: true` in it if another package owns the object."
        file = f"objects/{name}/object.yaml"
        reading.problems.append(Problem(f"objects.{name}", "missing_file", message, file=file, line=1))
        return
    yield _Piece("object", (*here, "object"), name, "", parts["object"])
    for key, (kind, _) in PART_KINDS.items():
        for own, body in _entries(reading, (*here, key), parts.get(key, {})):
            yield _Piece(kind, (*here, key, own), own, name, body)
    for key in sorted(OBJECT_KEYS):
        for own, body in _entries(reading, (*here, key), parts.get(key, {})):
            yield _Piece(KINDS_BY_KEY[key].kind, (*here, key, own), own, name, body)


def _entries(reading: _Reading, where: Where, value: Any) -> list[tuple[str, Any]]:
    if value is None:  # a file of comments only
        return []
    if isinstance(value, Mapping):
        return list(value.items())
    reading.problems.append(problem_at(reading.places, where, "wrong_type", "Here a map of names is expected."))
    return []


def _build(pieces: list[_Piece], places: dict[Where, Source]) -> Package:
    built: dict[str, list[Any]] = {}
    fields: dict[str, list[Any]] = {}
    for piece in pieces:
        named = Named(piece.name, piece.object_name, locate(places, piece.where))
        component = build_component(piece.kind, named, piece.body)
        group = fields.setdefault(piece.object_name, []) if piece.kind == "field" else built.setdefault(piece.kind, [])
        group.append(component)
    kinds = [*TOP_KINDS.values(), *(each for key, each in PART_KINDS.items() if key != "fields")]
    return Package(
        manifest=built["package"][0],
        objects={each.name: each for each in built.get("object", ())},
        fields={name: tuple(group) for name, group in fields.items()},
        logic=tuple(each for kind in LOGIC_KINDS for each in built.get(kind, ())),
        places=places,
        **{attribute: tuple(built.get(kind, ())) for kind, attribute in kinds},
    )


def _pairs(components: Iterable[Any]) -> list[list[Any]]:
    return [[_key(each), body_of(each)] for each in components]


def _key(component: Any) -> str:
    for attribute in ("name", "language", "object_name"):
        if hasattr(component, attribute):
            return str(getattr(component, attribute))
    raise AssertionError(component)


def _object_document(package: Package, name: str) -> dict[str, Any]:
    definition = package.objects.get(name)
    parts: dict[str, Any] = {"object": body_of(definition) if definition else {"extends": True}}
    for key, (_, attribute) in PART_KINDS.items():
        of_package = getattr(package, attribute)
        own = of_package.get(name, ()) if key == "fields" else [each for each in of_package if each.object_name == name]
        if own:
            parts[key] = _pairs(own)
    for each in package.logic:
        if each.object_name == name:
            parts.setdefault(PLURALS[each.kind], []).append([each.name, body_of(each)])
    return parts


def _document_tree(document: Mapping[str, Any]) -> Tree:
    keys = (*TOP_KINDS, *FILE_KEYS, *FOLDER_KEYS)
    unknown = document.keys() - {"format", "package", "objects", *keys}
    if document["format"] != FORMAT or unknown:
        raise ValueError(document["format"])
    tree: Tree = {key: _unique(document[key]) for key in keys if key in document}
    tree["package"] = document["package"]
    tree["objects"] = {name: _document_parts(parts) for name, parts in _unique(document["objects"]).items()}
    return tree


def _document_parts(parts: Mapping[str, Any]) -> dict[str, Any]:
    if parts.keys() - _OBJECT_FILES:
        raise ValueError(parts.keys())
    return {key: each if key == "object" else _unique(each) for key, each in parts.items()}


def _unique(pairs: list[list[Any]]) -> dict[str, Any]:
    named = {str(name): body for name, body in pairs}
    if len(named) != len(pairs):
        raise ValueError(pairs)
    return named
