"""A component's body, as a file or the API sends it, to a frozen component; what is wrong in its form, all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chassis_metadata.components import (
    AppDefinition,
    DeleteRule,
    FieldDefinition,
    FieldPermission,
    Filter,
    FunctionDefinition,
    InboundMapping,
    LayoutSection,
    ListView,
    LogicComponent,
    LoginHours,
    LoginRestriction,
    Muting,
    NameField,
    ObjectDefinition,
    ObjectPermission,
    OrgWideDefault,
    PackageManifest,
    PageLayout,
    PathDefinition,
    PathStage,
    PermissionSet,
    PicklistValue,
    QueueDefinition,
    RecordType,
    ReferenceData,
    RelatedList,
    RoleDefinition,
    RollupSummary,
    Translation,
    ValueSet,
)
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.fields import Classification, FieldType
from chassis_metadata.forms import SCHEMA_OF, Complaint, complaints
from chassis_metadata.logic.kinds import LOGIC_KINDS, Place
from chassis_metadata.places import Source

Body = Mapping[str, Any]

#: How a kind is called in the path of a problem.
PLURALS = {
    "object": "objects",
    "field": "fields",
    "record_type": "record_types",
    "path": "paths",
    "list_view": "list_views",
    "layout": "layouts",
    "app": "apps",
    "permission_set": "permission_sets",
    "role": "roles",
    "queue": "queues",
    "inbound": "inbound",
    "function": "functions",
    "value_set": "value_sets",
    "translation": "translations",
    "data": "data",
    "package": "package",
    **{each.kind: each.key for each in LOGIC_KINDS.values()},
}
#: Kinds that belong to an object: their full name is `Lead.OpenLeads`.
OBJECT_KINDS = frozenset(
    {"field", "record_type", "path", "list_view", "layout"}
    | {each.kind for each in LOGIC_KINDS.values() if each.place is Place.OBJECT}
)
_SNAKE_KINDS = frozenset({"inbound", "function", "package"})
_FREE_KINDS = frozenset({"translation", "switch"})


class Named(NamedTuple):
    """What a component is called and where it was written; `object_name` is empty for kinds that belong to none."""

    name: str
    object_name: str = ""
    source: Source | None = None


def parse_component(kind: str, name: str, body: Body) -> Any:
    """The component of a kind (`field`, `list_view`, `app` …); Invalid with all problems of its form.

    Components of an object are named with it: `Lead.OpenLeads`. A field's object may be left out.
    """
    if kind not in PLURALS:
        raise Invalid.of("unknown_kind", f"{kind!r} is no kind of component. Use one of: {', '.join(PLURALS)}.")
    object_name, _, own_name = name.rpartition(".") if kind in OBJECT_KINDS else ("", "", name)
    problems = [
        Problem(".".join([PLURALS[kind], own_name, *map(str, each.where)]), each.code, each.message)
        for each in [*name_complaints(kind, own_name), *complaints(kind, body)]
    ]
    if problems:
        raise Invalid(problems)
    return build_component(kind, Named(own_name, object_name), body)


def name_complaints(kind: str, name: str) -> list[Complaint]:
    """What is wrong with a component's name by its kind."""
    if kind in _FREE_KINDS:
        return []
    form = "snake_name" if kind in _SNAKE_KINDS else "logic_name" if kind in LOGIC_KINDS else "name"
    return complaints(form, name)


def build_component(kind: str, named: Named, body: Body) -> Any:
    """The component of a body whose form was checked."""
    if kind in LOGIC_KINDS:
        return LogicComponent(kind, named.name, body, named.object_name, source=named.source)
    return _BUILDERS[kind](named, body)


def _object(named: Named, body: Body) -> ObjectDefinition:
    if body.get("extends"):
        nothing = NameField(type="text", label="")
        return ObjectDefinition(named.name, "", "", "", nothing, extends=True, source=named.source)
    rest = {key: body[key] for key in _PLAIN_OBJECT_KEYS if key in body}
    return ObjectDefinition(
        name=named.name,
        key_prefix=body.get("key_prefix", ""),
        name_field=_name_field(body["name"]),
        sharing=OrgWideDefault(body.get("sharing", OrgWideDefault.PRIVATE)),
        external_sharing=OrgWideDefault(body["external_sharing"]) if "external_sharing" in body else None,
        compact_fields=tuple(body.get("compact_fields", ())),
        source=named.source,
        **rest,
    )


def _name_field(body: Body) -> NameField:
    classification = Classification(body.get("classification", Classification.INTERNAL))
    return NameField(**{**body, "classification": classification})


def _field(named: Named, body: Body) -> FieldDefinition:
    rest = {key: body[key] for key in _PLAIN_FIELD_KEYS if key in body}
    field_type = FieldType(body.get("type", FieldType.LOOKUP))
    required = bool(body.get("required", False)) or field_type is FieldType.MASTER_DETAIL
    default = body.get("default")
    return FieldDefinition(
        name=named.name,
        type=field_type,
        label=body.get("label", ""),
        required=required,
        default=tuple(default) if isinstance(default, list) else default,
        references=_names(body.get("references", ())),
        on_delete=_delete_rule(body, field_type, required=required),
        follows_merge=tuple(body["follows_merge"]) if "follows_merge" in body else None,
        values=_picklist_values(body.get("values", ())),
        classification=Classification(body.get("classification", Classification.INTERNAL)),
        returns=FieldType(body["returns"]) if "returns" in body else None,
        summary=_summary(body),
        source=named.source,
        **rest,
    )


def _summary(body: Body) -> RollupSummary | None:
    if not body.keys() & {"child", "function", "field", "filter"}:
        return None
    return RollupSummary(body.get("child", ""), body.get("function", ""), body.get("field"), body.get("filter"))


def _delete_rule(body: Body, field_type: FieldType, *, required: bool) -> DeleteRule:
    usual = DeleteRule.RESTRICT if required and field_type is FieldType.LOOKUP else DeleteRule.CLEAR
    if field_type is FieldType.MASTER_DETAIL:
        usual = DeleteRule.CASCADE
    return DeleteRule(body.get("on_delete", usual))


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _picklist_values(values: Any) -> tuple[PicklistValue, ...]:
    return tuple(map(_picklist_value, values))


def _picklist_value(body: str | Body) -> PicklistValue:
    if isinstance(body, str):
        return PicklistValue(body, body)
    return PicklistValue(
        value=body["value"],
        label=body.get("label", body["value"]),
        active=body.get("active", True),
        default=body.get("default", False),
        controlled_by=tuple(body.get("controlled_by", ())),
    )


def _record_type(named: Named, body: Body) -> RecordType:
    picklists = {name: tuple(values) for name, values in body.get("picklists", {}).items()}
    return RecordType(
        object_name=named.object_name, name=named.name, source=named.source, **{**body, "picklists": picklists}
    )


def _path(named: Named, body: Body) -> PathDefinition:
    return PathDefinition(
        object_name=named.object_name,
        name=named.name,
        field=body["field"],
        stages=tuple(PathStage(**_tuples(each, "key_fields")) for each in body["stages"]),
        record_type=body.get("record_type"),
        source=named.source,
    )


def _list_view(named: Named, body: Body) -> ListView:
    return ListView(
        object_name=named.object_name,
        name=named.name,
        label=body["label"],
        columns=tuple(body["columns"]),
        filters=tuple(_filter(each) for each in body.get("filters", ())),
        logic=body.get("logic"),
        order_by=_order(body),
        owner=body.get("owner", "everyone"),
        default=body.get("default", False),
        source=named.source,
    )


def _filter(body: Body) -> Filter:
    value = body["value"]
    return Filter(body["field"], body["operator"], tuple(value) if isinstance(value, list) else value)


def _order(body: Body) -> tuple[tuple[str, bool], ...]:
    return tuple((each["field"], each.get("descending", False)) for each in body.get("order_by", ()))


def _layout(named: Named, body: Body) -> PageLayout:
    return PageLayout(
        object_name=named.object_name,
        name=named.name,
        sections=tuple(LayoutSection(**_tuples(each, "fields")) for each in body["sections"]),
        related_lists=tuple(
            RelatedList(each["relationship"], tuple(each["columns"]), _order(each))
            for each in body.get("related_lists", ())
        ),
        record_types=tuple(body.get("record_types", ())),
        source=named.source,
    )


def _tuples(body: Body, key: str) -> dict[str, Any]:
    return {**body, key: tuple(body.get(key, ()))}


def _app(named: Named, body: Body) -> AppDefinition:
    return AppDefinition(name=named.name, source=named.source, **_tuples(body, "tabs"))


def _permission_set(named: Named, body: Body) -> PermissionSet:
    return PermissionSet(
        name=named.name,
        label=body["label"],
        description=body.get("description"),
        objects={name: _object_permission(each) for name, each in body.get("objects", {}).items()},
        fields={name: FIELD_PERMISSIONS[each] for name, each in body.get("fields", {}).items()},
        system=tuple(body.get("system", ())),
        custom_permissions=tuple(body.get("custom_permissions", ())),
        for_automation=body.get("for_automation", False),
        apps=tuple(body.get("apps", ())),
        login=login_restriction(body["login"]) if "login" in body else None,
        includes=tuple(body.get("includes", ())),
        muting=_muting(body["muting"]) if "muting" in body else None,
        source=named.source,
    )


def _muting(body: Body) -> Muting:
    fields = body.get("fields", {})
    return Muting(
        objects={name: _object_permission(each) for name, each in body.get("objects", {}).items()},
        fields=tuple(name for name, taken in fields.items() if taken == "read"),
        edits=tuple(fields),
        permissions=tuple(body.get("permissions", ())),
    )


def login_restriction(body: Body) -> LoginRestriction:
    """Where, when and how somebody may sign in, of a body that its schema allows."""
    hours = body.get("hours")
    return LoginRestriction(
        ip_ranges=tuple(body.get("ip_ranges", ())),
        hours=hours and LoginHours(tuple(hours.get("days", ())), hours["from"], hours["to"]),
        second_factor=body.get("second_factor", False),
    )


def _object_permission(granted: Any) -> ObjectPermission:
    names = OBJECT_PERMISSIONS if granted == "all" else granted
    return ObjectPermission(**dict.fromkeys(names, True))


def _role(named: Named, body: Body) -> RoleDefinition:
    return RoleDefinition(named.name, body["label"], body.get("parent"), named.source)


def _queue(named: Named, body: Body) -> QueueDefinition:
    return QueueDefinition(named.name, body["label"], tuple(body.get("objects", ())), named.source)


def _inbound(named: Named, body: Body) -> InboundMapping:
    rest = {key: value for key, value in body.items() if key != "label"}
    return InboundMapping(named.name, body["label"], rest, named.source)


def _function(named: Named, body: Body) -> FunctionDefinition:
    rest = {key: value for key, value in body.items() if key not in ("label", "kind")}
    return FunctionDefinition(named.name, body["label"], body["kind"], rest, named.source)


def _value_set(named: Named, body: Body) -> ValueSet:
    return ValueSet(named.name, body["label"], _picklist_values(body["values"]), named.source)


def _translation(named: Named, body: Body) -> Translation:
    return Translation(named.name, _flat(body), named.source)


def _flat(body: Body) -> dict[str, str]:
    """Nested maps to dotted keys; what is neither map nor text was refused before."""
    texts: dict[str, str] = {}
    for key, value in body.items():
        if isinstance(value, Mapping):
            texts.update({f"{key}.{inner}": text for inner, text in _flat(value).items()})
        else:
            texts[key] = str(value)
    return texts


def _data(named: Named, body: Body) -> ReferenceData:
    return ReferenceData(named.name, body["key"], tuple(body["records"]), named.source)


def _package(named: Named, body: Body) -> PackageManifest:
    least = {name: version.removeprefix(">=") for name, version in body.get("depends_on", {}).items()}
    return PackageManifest(source=named.source, **{**body, "depends_on": least})


OBJECT_PERMISSIONS = ("create", "read", "update", "delete", "view_all", "modify_all")
FIELD_PERMISSIONS = {
    "read": FieldPermission(read=True),
    "edit": FieldPermission(read=True, edit=True),
    "none": FieldPermission(),
}
_PLAIN_OBJECT_KEYS = (
    "label",
    "plural_label",
    "controlled_by",
    "description",
    "icon",
    "searchable",
    "change_events",
    "createable",
    "updateable",
    "deletable",
    "owned",
)
_PLAIN_FIELD_KEYS = (
    "length",
    "precision",
    "scale",
    "unique",
    "external_id",
    "indexed",
    "case_sensitive",
    "tracked",
    "searchable",
    "default_formula",
    "required_when",
    "read_only_when",
    "format",
    "gap_free",
    "relationship_name",
    "child_relationship_name",
    "child_label",
    "value_set",
    "restricted",
    "controlling_field",
    "mask",
    "checksum",
    "encrypted",
    "read_only",
    "help",
    "extends",
    "formula",
    "blanks_as",
    "stored",
)
_BUILDERS: dict[str, Callable[[Named, Body], Any]] = {
    "object": _object,
    "field": _field,
    "record_type": _record_type,
    "path": _path,
    "list_view": _list_view,
    "layout": _layout,
    "app": _app,
    "permission_set": _permission_set,
    "role": _role,
    "queue": _queue,
    "inbound": _inbound,
    "function": _function,
    "value_set": _value_set,
    "translation": _translation,
    "data": _data,
    "package": _package,
}
assert _BUILDERS.keys() | LOGIC_KINDS.keys() == PLURALS.keys() <= SCHEMA_OF.keys()  # noqa: S101  a kind is in all three tables or in none
