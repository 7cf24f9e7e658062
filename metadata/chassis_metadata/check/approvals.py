"""Approval processes: objects, fields, steps, people and permissions that are there; formulas of the right kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chassis_metadata.check.formulas import complaints_of, record_formula_complaints
from chassis_metadata.check.look import Look, field_at, missing_field, path_complaints, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.approval import END, NEVER, Action, ApprovalProcess, Approver, Step, read_approval
from chassis_metadata.logic.approval_formulas import reference_at, request_formula
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Field, Object

#: Words of `notify: {to: …}` that are no fields.
PEOPLE = ("Submitter", "Approver")
_ACTION_KEYS = ("on_submit", "on_approve", "on_reject", "on_recall")
#: How messages call what keys name.
_CALLED = {"permission": "custom permission", "permission_set": "permission set"}
_PEOPLE_OBJECTS = frozenset({"User", "Group"})


def check_approval(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A process of an object that is there."""
    process = read_approval(each)
    obj = look.after.objects.get(process.object_name)
    if obj is None:
        yield unknown((*where, "object"), "object", process.object_name, look.after.objects)
        return
    yield from _Check(look, obj, process).run(where)


@dataclass(frozen=True, slots=True)
class _Check:
    """The check of one process."""

    look: Look
    obj: Object
    process: ApprovalProcess

    def run(self, where: Where) -> Iterator[Complaint]:
        process = self.process
        yield from self._criteria((*where, "entry"), process.entry)
        if process.submit_when is not None:
            here = (*where, "submit_when")
            yield from record_formula_complaints(self.look, here, self.obj, process.submit_when, Kind.BOOLEAN)
        yield from path_complaints(self.look.after, self.obj, process.show_fields, (*where, "show_fields"))
        yield from self._submitters((*where, "submitters"))
        yield from self._steps((*where, "steps"))
        yield from self._later(where)
        for key in _ACTION_KEYS:
            yield from self._actions((*where, key), getattr(process, key))

    def _later(self, where: Where) -> Iterator[Complaint]:
        process = self.process
        if process.recall_until not in (END, NEVER) and process.step(process.recall_until) is None:
            known = [END, NEVER, *(step.name for step in process.steps)]
            yield unknown((*where, "recall_until"), "step", process.recall_until, known)
        if process.hours is not None:
            found = field_at(self.look.after, self.obj, process.hours, (*where, "hours"))
            if isinstance(found, Complaint):
                yield found
        yield from self._approvers((*where, "fallback"), process.fallback)

    def _criteria(self, where: Where, text: str | None, expects: Kind | None = Kind.BOOLEAN) -> Iterator[Complaint]:
        if text is None:
            return
        try:
            request_formula(self.look.after, self.obj, text, expects)
        except Invalid as invalid:
            yield from complaints_of(invalid, where, text)

    def _submitters(self, where: Where) -> Iterator[Complaint]:
        after = self.look.after
        known: dict[str, Iterable[str]] = {
            "permission": after.logic_of("custom_permission"),
            "permission_set": after.permission_sets,
        }
        for place, each in enumerate(self.process.submitters):
            kind, colon, name = each.partition(":")
            if colon and name not in known[kind]:
                yield unknown((*where, place), _CALLED.get(kind, kind), name, known[kind])

    def _steps(self, where: Where) -> Iterator[Complaint]:
        seen: list[str] = []
        for place, step in enumerate(self.process.steps):
            here = (*where, place)
            if step.name in seen:
                yield Complaint((*here, "name"), "duplicate_name", f"There is a step {step.name!r} before. Rename one.")
            yield from self._step(here, step)
            others = [each.name for each in self.process.steps if each.name != step.name]
            if step.reject_to is not None and step.reject_to not in others:
                yield unknown((*here, "reject_to"), "other step", step.reject_to, others)
            seen.append(step.name)
        if self.process.steps[0].parallel:
            message = "The first step has none before it that it could run beside."
            yield Complaint((*where, 0, "parallel"), "misplaced_key", message)

    def _step(self, where: Where, step: Step) -> Iterator[Complaint]:
        for key in ("when", "approve_when", "reject_when"):
            yield from self._criteria((*where, key), getattr(step, key))
        yield from self._approvers((*where, "approvers"), step.approvers)
        for place, name in enumerate(step.editable_fields):
            field = self.obj.fields.get(name)
            if field is None:
                yield missing_field((*where, "editable_fields", place), self.obj, name)
            elif not field.updateable:
                message = f"{name!r} can't be changed by anybody."
                yield Complaint((*where, "editable_fields", place), "field_not_updateable", message)
        for key in ("on_approve", "on_reject"):
            yield from self._actions((*where, key), getattr(step, key))

    def _approvers(self, where: Where, approvers: Iterable[Approver]) -> Iterator[Complaint]:
        for place, each in enumerate(approvers):
            yield from self._approver((*where, place), each)
            yield from self._approvers((*where, place, "else"), each.otherwise)

    def _approver(self, where: Where, each: Approver) -> Iterator[Complaint]:
        ways = (each.user, each.queue, each.manager, each.field, each.formula, each.chosen or None)
        count = sum(way is not None for way in ways) + each.is_search
        if count != 1:
            message = (
                "Say in one way who is asked: user, queue, manager, field, formula, chosen, or role, permission,"
                " permission_set and members together."
            )
            yield Complaint(where, "invalid_approver", message)
        yield from self._names(where, each)
        yield from self._paths(where, each)
        yield from self._criteria((*where, "formula"), each.formula, Kind.ID)

    def _names(self, where: Where, each: Approver) -> Iterator[Complaint]:
        after = self.look.after
        known: list[tuple[str, str | None, Iterable[str]]] = [
            ("permission", each.permission, after.logic_of("custom_permission")),
            ("permission_set", each.permission_set, after.permission_sets),
        ]
        if not self.look.is_tenant:  # a tenant's queues and roles are records
            known += [("queue", each.queue, [one.name for one in after.queues])]
            known += [("role", each.role, [one.name for one in after.roles])]
        for key, name, names in known:
            if name is not None and name not in names:
                yield unknown((*where, key), _CALLED.get(key, key), name, names)

    def _paths(self, where: Where, each: Approver) -> Iterator[Complaint]:
        if each.of is not None:
            yield from self._reference((*where, "of"), self.obj, each.of, people=True)
        if each.start is not None:
            yield from self._walk(where, each)
        elif each.field is not None:
            yield from self._reference((*where, "field"), self.obj, each.field, people=True)
        if each.match:
            yield from self._match(where, each)
        elif each.up is not None and each.start is None:
            yield Complaint((*where, "up"), "misplaced_key", "`up` needs `from` and `field`, or `match`, beside it.")

    def _walk(self, where: Where, each: Approver) -> Iterator[Complaint]:
        try:
            start = reference_at(self.look.after, self.obj, str(each.start))
        except Invalid as invalid:
            yield from complaints_of(invalid, (*where, "from"), str(each.start))
            return
        if each.field is None:
            yield Complaint(
                where, "required_key_missing", "'field' is missing: where the record at `from` names a user."
            )
        for name in start.references:
            target = self.look.after.objects[name]
            if each.field is not None:
                yield from self._reference((*where, "field"), target, each.field, people=True)
            yield from self._self_reference((*where, "up"), target, each.up)

    def _self_reference(self, where: Where, target: Object, name: str | None) -> Iterator[Complaint]:
        field = target.fields.get(name) if name is not None else None
        if name is not None and field is None:
            yield missing_field(where, target, name)
        elif field is not None and target.name not in field.references:
            yield Complaint(where, "wrong_type", f"{name!r} does not lead from {target.name} to another {target.name}.")

    def _reference(self, where: Where, of: Object, path: str, *, people: bool) -> Iterator[Complaint]:
        try:
            field = reference_at(self.look.after, of, path)
        except Invalid as invalid:
            yield from complaints_of(invalid, where, path)
            return
        if people and not _PEOPLE_OBJECTS.intersection(field.references):
            yield Complaint(where, "wrong_type", f"{path!r} leads to {', '.join(field.references)}, not to a user.")

    def _match(self, where: Where, each: Approver) -> Iterator[Complaint]:
        name, _, user_field = (each.members or "User.Id").partition(".")
        holder = self.look.after.objects.get(name)
        if holder is None:
            yield unknown((*where, "members"), "object", name, self.look.after.objects)
            return
        if user_field not in holder.fields:
            yield missing_field((*where, "members"), holder, user_field)
        for own, path in each.match:
            if own not in holder.fields:
                yield missing_field((*where, "match", own), holder, own)
            found = field_at(self.look.after, self.obj, path, (*where, "match", own))
            if isinstance(found, Complaint):
                yield found
            elif each.up is not None:
                yield from self._upward(where, each, found)

    def _upward(self, where: Where, each: Approver, found: Field) -> Iterator[Complaint]:
        if len(each.match) != 1 or len(found.references) != 1:
            yield Complaint((*where, "up"), "misplaced_key", "With `up`, `match` names one reference to one object.")
            return
        yield from self._self_reference((*where, "up"), self.look.after.objects[found.references[0]], each.up)

    def _actions(self, where: Where, actions: Iterable[Action]) -> Iterator[Complaint]:
        for place, action in enumerate(actions):
            yield from self._action((*where, place), action)

    def _action(self, where: Where, action: Action) -> Iterator[Complaint]:
        if action.update is not None:
            yield from self._values((*where, "update"), self.obj, action.update.items())
        if action.create is not None:
            name, values = action.create
            target = self.look.after.objects.get(name)
            if target is None:
                yield unknown((*where, "create", "object"), "object", name, self.look.after.objects)
            else:
                yield from self._values((*where, "create", "fields"), target, values.items())
        if action.flow is not None and action.flow not in self.look.after.logic_of("flow"):
            yield unknown((*where, "flow"), "flow", action.flow, self.look.after.logic_of("flow"))
        if action.notify is not None:
            yield from self._notification((*where, "notify"), action.notify)

    def _values(self, where: Where, of: Object, values: Iterable[tuple[str, str]]) -> Iterator[Complaint]:
        for name, text in values:
            field = of.fields.get(name)
            if field is None:
                yield missing_field((*where, name), of, name)
            else:
                yield from self._criteria((*where, name), text, kind_of(field))

    def _notification(self, where: Where, notify: tuple[tuple[str, ...], str, str | None]) -> Iterator[Complaint]:
        people, title, text = notify
        for place, path in enumerate(people):
            if path not in PEOPLE:
                yield from self._reference((*where, "to", place), self.obj, path, people=True)
        yield from self._criteria((*where, "title"), title, Kind.TEXT)
        yield from self._criteria((*where, "text"), text, Kind.TEXT)
