"""Who may: permission sets, roles and queues name objects, fields, apps and parents that are there."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.login import check_login
from chassis_metadata.check.look import Look, circle, missing_field, unknown
from chassis_metadata.components import ObjectPermission, PermissionSet
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where


def check_access(look: Look) -> Iterator[Complaint]:
    """Permission sets, roles, queues."""
    for each in look.package.permission_sets:
        yield from _check_set(look, each, ("permission_sets", each.name))
    yield from _check_roles(look)
    for queue in look.package.queues:
        for index, name in enumerate(queue.objects):
            where: Where = ("queues", queue.name, "objects", index)
            of = look.after.objects.get(name)
            if of is None:
                yield unknown(where, "object", name, look.after.objects)
            elif not of.has_owner:
                yield Complaint(where, "invalid_value", f"Records of {name} have no owner; no queue can own them.")


def _check_set(look: Look, each: PermissionSet, where: Where) -> Iterator[Complaint]:
    for name, granted in each.objects.items():
        here = (*where, "objects", name)
        if name not in look.after.objects:
            yield unknown(here, "object", name, look.after.objects)
        yield from _check_granted(here, granted)
    for name in each.fields:
        yield from _check_field(look, (*where, "fields", name), name)
    known = look.after.logic_of("custom_permission")
    for index, name in enumerate(each.custom_permissions):
        if name not in known:
            yield unknown((*where, "custom_permissions", index), "custom permission", name, known)
    yield from _check_group(look, each, where)
    if each.login:
        yield from check_login((*where, "login"), each.login)
    apps = [app.name for app in look.after.apps]
    for index, app in enumerate(each.apps):
        if app not in apps:
            yield unknown((*where, "apps", index), "app", app, apps)


def _check_group(look: Look, each: PermissionSet, where: Where) -> Iterator[Complaint]:
    if each.muting is not None and not each.includes:
        yield Complaint((*where, "muting"), "invalid_value", "Nothing to mute: the set includes no others.")
    known = look.after.permission_sets
    for index, name in enumerate(each.includes):
        here = (*where, "includes", index)
        if name not in known:
            yield unknown(here, "permission set", name, known)
        elif known[name].includes:
            yield Complaint(here, "invalid_value", f"{name} is a group itself. Name the sets in it.")
    for name in each.muting.objects if each.muting else ():
        if name not in look.after.objects:
            yield unknown((*where, "muting", "objects", name), "object", name, look.after.objects)
    for name in each.muting.edits if each.muting else ():
        yield from _check_field(look, (*where, "muting", "fields", name), name)


def _check_granted(where: Where, granted: ObjectPermission) -> Iterator[Complaint]:
    if granted == ObjectPermission():
        yield Complaint(where, "invalid_value", "Nothing is granted. Name read or more, or leave the object out.")
    elif not granted.read:
        yield Complaint(where, "invalid_value", "Who may do anything with records must read them. Add read.")
    elif granted.modify_all and not granted.view_all:
        yield Complaint(where, "invalid_value", "Who may modify all must view all. Add view_all.")


def _check_field(look: Look, where: Where, path: str) -> Iterator[Complaint]:
    object_name, _, name = path.partition(".")
    of = look.after.objects.get(object_name)
    if of is None:
        yield unknown(where, "object", object_name, look.after.objects)
    elif name != "*" and name not in of.fields:
        yield missing_field(where, of, name)


def _check_roles(look: Look) -> Iterator[Complaint]:
    parents = {each.name: {each.parent} for each in look.after.roles if each.parent is not None}
    known = [each.name for each in look.after.roles]
    for each in look.package.roles:
        where = ("roles", each.name, "parent")
        if each.parent is not None and each.parent not in known:
            yield unknown(where, "role", each.parent, known)
        way = circle(each.name, parents)
        if way:
            yield Complaint(where, "circular_roles", f"Roles stand above each other in a circle: {' -> '.join(way)}.")
