"""The steps of a flow, verb by verb: objects, fields, components that are there; formulas that give what is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.check.formulas import complaints_of
from chassis_metadata.check.hidden_variables import hidden_variables
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.check.settings import check_secret_setting, check_shown_setting
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.flow import ENGINE_VERBS, RECORDLESS_VERBS, Flow, Step, all_steps, formula_of, read_flow
from chassis_metadata.logic.flow_formulas import Standing, flow_formula
from chassis_metadata.logic.merge_fields import formulas_of
from chassis_metadata.logic.outbound_document import KIND as DOCUMENT
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object, Snapshot

#: Triggers of flows that others may call.
CALLABLE = frozenset({"sub", "button"})
_MESSAGES = {"notify": ("title", "body"), "error": ("message",)}


@dataclass(frozen=True, slots=True)
class StepChecks:
    """Checks the steps of one flow; `where` is the flow's place."""

    look: Look
    flow: Flow
    where: Where

    @property
    def _after(self) -> Snapshot:
        return self.look.after

    def check(self, steps: Iterable[Step], standing: Standing, *, in_loop: bool = False) -> Iterator[Complaint]:
        """All that is wrong with steps that stand there."""
        for step in steps:
            here = (*self.where, *step.where)
            yield from self._formula(standing, step.condition, Kind.BOOLEAN, (*here, "if"))
            yield from self._verb(step, standing, (*here, step.verb), in_loop=in_loop)

    def _verb(self, step: Step, standing: Standing, here: Where, *, in_loop: bool) -> Iterator[Complaint]:
        if step.verb in ENGINE_VERBS:
            yield from self._engine(step, standing, here)
        elif step.verb == "decision":
            yield from self._decision(step, standing, here, in_loop=in_loop)
        elif step.verb == "wait":
            yield from self._wait(step, standing, here, in_loop=in_loop)
        elif step.verb in ("notify", "email", "error"):
            yield from self._told(step, standing, here)
        elif step.verb == "for_each":
            yield from self._for_each(step, standing, here)
        elif step.verb in _OTHERS:
            yield from _OTHERS[step.verb](self, step.body, standing, here)

    def _formula(self, standing: Standing, text: str | None, expects: Kind | None, here: Where) -> Iterator[Complaint]:
        if text is None:
            return
        try:
            flow_formula(self._after, standing, text, expects)
        except Invalid as invalid:
            yield from complaints_of(invalid, here, text)
        else:
            yield from self._hidden(standing, text, here)

    def _hidden(self, standing: Standing, text: str, here: Where) -> Iterator[Complaint]:
        for variable, name in hidden_variables(self._after, standing, text).items():
            message = f"{variable} is a field of {name} here and a variable of the flow. Rename the variable."
            yield Complaint(here, "ambiguous_name", message)

    def _assigned(
        self, fields: Mapping[str, Any], obj: Object, standing: Standing, here: Where, *, new: bool
    ) -> Iterator[Complaint]:
        for name, value in fields.items():
            field = obj.fields.get(name)
            if field is None:
                yield missing_field((*here, name), obj, name)
            elif not (field.createable if new else field.updateable) or field.is_compound:
                yield Complaint((*here, name), "not_writable", f"{obj.name}.{name} can't be set.")
            else:
                yield from self._formula(standing, formula_of(value), kind_of(field), (*here, name))

    def _object_at(self, standing: Standing, here: Where) -> Iterator[Complaint]:
        if standing.object_name is None:
            yield Complaint(here, "required_key_missing", "No record is at hand: the flow has no 'object'.")

    def update(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        """Fields of the record at hand."""
        yield from self._object_at(standing, here)
        if standing.object_name is not None:
            obj = self._after.objects[standing.object_name]
            yield from self._assigned(body, obj, standing, here, new=False)

    def found(self, body: Mapping[str, Any], standing: Standing, here: Where) -> Iterator[Complaint | str]:
        """Complaints about what records are looked for; last, where there are none, the object's name."""
        name = body.get("object")
        if "related" in body or "parent" in body:
            found = self._relation(body, standing, here)
            if not isinstance(found, str):
                yield found
                return
            name = found
        elif name is None:
            message = "Say which records: `related`, `parent`, or `object` with `criteria`."
            yield Complaint(here, "required_key_missing", message)
            return
        elif "criteria" not in body:
            yield Complaint(here, "required_key_missing", f"Which records of {name}? 'criteria' is missing.")
        if name not in self._after.objects:
            yield unknown((*here, "object"), "object", name, self._after.objects)
            return
        yield from self._formula(standing.inside(name), body.get("criteria"), Kind.BOOLEAN, (*here, "criteria"))
        for place, each in enumerate(body.get("order_by", ())):
            if each["field"] not in self._after.objects[name].fields:
                yield missing_field((*here, "order_by", place), self._after.objects[name], each["field"])
            elif self._after.objects[name].fields[each["field"]].encrypted:
                message = "An encrypted field can't be sorted by."
                yield Complaint((*here, "order_by", place), "encrypted_field", message)
        yield name

    def _relation(self, body: Mapping[str, Any], standing: Standing, here: Where) -> Complaint | str:
        """The object at the other end of `related` or `parent`."""
        if standing.object_name is None:
            return Complaint(here, "required_key_missing", "No record is at hand: the flow has no 'object'.")
        obj = self._after.objects[standing.object_name]
        if "related" in body:
            children = {one.name: one.child for one in obj.children}
            found = children.get(body["related"])
            return found or unknown((*here, "related"), "child relationship", body["related"], children)
        field = obj.fields.get(body["parent"])
        if field is None or not field.is_reference:
            references = [each.name for each in obj.fields.values() if each.is_reference]
            return unknown((*here, "parent"), "reference field", body["parent"], references)
        targets = [each for each in field.references if body.get("object") in (None, each)]
        if len(targets) != 1:
            known = ", ".join(field.references)
            return Complaint(
                here, "required_key_missing", f"{field.name} may refer to {known}: say which with `object`."
            )
        return targets[0]

    def update_records(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        """Fields of other records."""
        for each in self.found(body, standing, here):
            if isinstance(each, Complaint):
                yield each
            else:
                obj = self._after.objects[each]
                yield from self._assigned(body["fields"], obj, standing.inside(each), (*here, "fields"), new=False)

    def create(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        """A new record, or several."""
        obj = self._after.objects.get(body["object"])
        if obj is None:
            yield unknown((*here, "object"), "object", body["object"], self._after.objects)
            return
        if not obj.createable:
            yield Complaint((*here, "object"), "not_writable", f"Records of {obj.name} can't be created by flows.")
        if "for_each" in body:
            for each in self.found(body["for_each"], standing, (*here, "for_each")):
                if isinstance(each, Complaint):
                    yield each
                    return
                standing = standing.inside(each)
        yield from self._assigned(body["fields"], obj, standing, (*here, "fields"), new=True)
        yield from self._variable(body.get("into"), (Kind.ID, Kind.TEXT), (*here, "into"))

    def delete(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        """Records that go."""
        if not body:
            yield from self._object_at(standing, here)
            return
        for each in self.found(body, standing, here):
            if isinstance(each, Complaint):
                yield each

    def queue(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        """A queue that the packages know, or that is made by hand (then it is asked for when the flow runs)."""
        yield from self._object_at(standing, here)
        if standing.object_name is not None and not self._after.objects[standing.object_name].has_owner:
            yield Complaint(here, "not_writable", f"Records of {standing.object_name} have no owner.")
        known = {each.name for each in self._after.queues}
        if body not in known and not self.look.is_tenant:
            yield unknown(here, "queue", body, known)

    def webhook(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        """An address, a secret that is a setting, one of two ways to say something, who is told of the answer."""
        for one, other in (("url", "address"), ("body", "text")):
            if one in body and other in body:
                yield Complaint((*here, other), "unused_key", f"Either {one!r} or {other!r}, not both.")
        if "url" not in body and "address" not in body:
            yield Complaint(here, "required_key_missing", "Where to? Give 'url' (a setting) or 'address' (a formula).")
        yield from self._formula(standing, body.get("address"), Kind.TEXT, (*here, "address"))
        for formula in formulas_of(body.get("text", {}).get("content", "")):
            yield from self._formula(standing, formula, None, (*here, "text", "content"))
        yield from self._told_of_answer(body, standing, here)
        yield from self._consent(body, standing, here)
        yield from self._settings(body, here)
        for name, value in body.get("body", {}).items():
            yield from self._formula(standing, formula_of(value), None, (*here, "body", name))

    def send_document(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        """A document of the step's object, and where to."""
        documents = self._after.logic_of(DOCUMENT)
        if body["document"] not in documents:
            yield unknown((*here, "document"), "outbound document", body["document"], documents)
        elif documents[body["document"]].body["object"] != standing.object_name:
            about = documents[body["document"]].body["object"]
            yield Complaint((*here, "document"), "wrong_type", f"{body['document']} is about records of {about}.")
        if ("url" in body) == ("address" in body):
            yield Complaint(here, "required_key_missing", "Where to? Give 'url' (a setting) or 'address' (a formula).")
        yield from self._formula(standing, body.get("address"), Kind.TEXT, (*here, "address"))
        yield from self._settings(body, here)

    def _settings(self, body: Mapping[str, Any], here: Where) -> Iterator[Complaint]:
        """The address is shown, what signs is not."""
        for key, check in (("url", check_shown_setting), ("secret", check_secret_setting)):
            if key in body:
                yield from check(body[key], self._after.settings, (*here, key))

    def _told_of_answer(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        answer, flows = body.get("answer"), self._after.logic_of("flow")
        if answer is None:
            return
        if "attempts" not in body:
            yield Complaint(here, "required_key_missing", "'answer' needs 'attempts': how often it is tried at most.")
        if answer["flow"] not in flows:
            yield unknown((*here, "answer", "flow"), "flow", answer["flow"], flows)
        elif read_flow(flows[answer["flow"]]).start != "sub":
            yield Complaint((*here, "answer", "flow"), "not_callable", f"{answer['flow']} must have the trigger sub.")
        yield from self._formula(standing, answer["about"], Kind.ID, (*here, "answer", "about"))

    def call(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        """Another flow, on the same object, with inputs that it has."""
        component = self._after.logic_of("flow").get(body["flow"])
        if component is None:
            yield unknown((*here, "flow"), "flow", body["flow"], self._after.logic_of("flow"))
            return
        called = read_flow(component)
        refusal = self._refusal(called, standing)
        if refusal is not None:
            yield Complaint((*here, "flow"), "not_callable", refusal)
        inputs = {each.name: each.kind for each in called.variables if each.is_input}
        for name, value in body.get("with", {}).items():
            if name not in inputs:
                yield unknown((*here, "with", name), "input variable", name, inputs)
            else:
                yield from self._formula(standing, formula_of(value), inputs[name], (*here, "with", name))

    def _refusal(self, called: Flow, standing: Standing) -> str | None:
        """Why a flow can't be called here."""
        if called.start not in CALLABLE:
            return (
                f"{called.name} is started by {called.start}; only a flow whose trigger is sub or button can be called."
            )
        if called.object_name not in (None, standing.object_name):
            return f"{called.name} is about {called.object_name}, the records here are {standing.object_name}."
        if any(each.verb == "wait" for each in all_steps(called.steps)):
            return f"{called.name} waits, which a flow that is called can't."
        return None

    def set_variables(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        """Variables that are declared."""
        for name, value in body.items():
            if name not in self.flow.kinds:
                yield unknown((*here, name), "variable", name, self.flow.kinds)
            else:
                yield from self._formula(standing, formula_of(value), self.flow.kinds[name], (*here, name))

    def publish(self, body: Any, standing: Standing, here: Where) -> Iterator[Complaint]:
        """An event about the record at hand."""
        del body
        yield from self._object_at(standing, here)

    def _variable(self, name: str | None, kinds: tuple[Kind, ...], here: Where) -> Iterator[Complaint]:
        if name is None:
            return
        if name not in self.flow.kinds:
            yield unknown(here, "variable", name, self.flow.kinds)
        elif self.flow.kinds[name] not in kinds:
            yield Complaint(here, "wrong_type", f"The variable {name} must be of type {kinds[0].value}.")

    def _decision(self, step: Step, standing: Standing, here: Where, *, in_loop: bool) -> Iterator[Complaint]:
        for place, branch in enumerate(step.branches):
            yield from self._formula(standing, branch.condition, Kind.BOOLEAN, (*here, place, "when"))
            yield from self.check(branch.steps, standing, in_loop=in_loop)

    def _for_each(self, step: Step, standing: Standing, here: Where) -> Iterator[Complaint]:
        for each in self.found(step.body, standing, here):
            if isinstance(each, Complaint):
                yield each
            else:
                yield from self.check(step.branches[0].steps, standing.inside(each), in_loop=True)

    def _wait(self, step: Step, standing: Standing, here: Where, *, in_loop: bool) -> Iterator[Complaint]:
        if in_loop or self.flow.start == "sub":
            message = "Waiting is not possible in a loop or in a flow that is called."
            yield Complaint(here, "not_possible_here", message)
        yield from self._formula(standing, step.body.get("until"), Kind.DATETIME, (*here, "until"))
        yield from self._formula(
            Standing(standing.object_name, has_prior=True),
            step.body.get("criteria"),
            Kind.BOOLEAN,
            (*here, "criteria"),
        )
        hours = step.body.get("business_hours")
        if hours is not None and hours not in self._after.logic_of("business_hours"):
            yield unknown((*here, "business_hours"), "business hours", hours, self._after.logic_of("business_hours"))
        yield from self._variable(step.body.get("timed_out"), (Kind.BOOLEAN,), (*here, "timed_out"))

    def _told(self, step: Step, standing: Standing, here: Where) -> Iterator[Complaint]:
        for key in _MESSAGES.get(step.verb, ()):
            for formula in formulas_of(step.body.get(key, "")):
                yield from self._formula(standing, formula, None, (*here, key))
        for place, each in enumerate(step.body.get("to", ())):
            yield from self._recipient(each, standing, (*here, "to", place), is_email=step.verb == "email")
        if step.verb == "error":
            yield from self._error_field(step.body.get("field"), standing, (*here, "field"))
        if step.verb == "email":
            yield from self._template(step.body["template"], standing, (*here, "template"))
            yield from self._consent(step.body, standing, here)
            yield from self._agreed(step.body, here)

    def _agreed(self, body: Mapping[str, Any], here: Where) -> Iterator[Complaint]:
        """Where consents are kept, nobody forgets to ask for them: addresses of records are no colleagues'."""
        is_said = "purpose" in body or "without_consent" in body
        if self._after.logic_of("consent_model") and not is_said and any("email" in each for each in body["to"]):
            message = "Say for which `purpose`, or why nobody is asked whether they agreed: `without_consent`."
            yield Complaint(here, "required_key_missing", message)
        if "purpose" in body and "without_consent" in body:
            yield Complaint((*here, "without_consent"), "invalid_value", "Say either `purpose` or `without_consent`.")

    def _consent(self, body: Mapping[str, Any], standing: Standing, here: Where) -> Iterator[Complaint]:
        if "purpose" in body and not self._after.logic_of("consent_model"):
            message = "Nothing says what somebody agreed to: no consent model is in force."
            yield Complaint((*here, "purpose"), "unknown_component", message)
        for key in ("person", "channel"):
            if key in body and "purpose" not in body:
                yield Complaint((*here, key), "required_key_missing", "Say what for: `purpose`.")
        yield from self._formula(standing, body.get("person"), Kind.ID, (*here, "person"))

    def _error_field(self, name: str | None, standing: Standing, here: Where) -> Iterator[Complaint]:
        obj = self._after.objects.get(standing.object_name or "")
        if name is not None and obj is not None and name not in obj.fields:
            yield missing_field(here, obj, name)

    def _template(self, name: str, standing: Standing, here: Where) -> Iterator[Complaint]:
        template = self._after.logic_of("email_template").get(name)
        if template is None:
            yield unknown(here, "e-mail template", name, self._after.logic_of("email_template"))
        elif template.body["object"] != standing.object_name:
            message = f"{name} is about {template.body['object']}, the records here are {standing.object_name}."
            yield Complaint(here, "wrong_object", message)

    def _recipient(
        self, body: Mapping[str, str], standing: Standing, here: Where, *, is_email: bool
    ) -> Iterator[Complaint]:
        [(key, value)] = body.items()
        if key == "email" and not is_email:
            yield Complaint((*here, key), "not_possible_here", "An address is for e-mails; a notice goes to users.")
        elif key in ("field", "email"):
            expects = Kind.ID if key == "field" else Kind.TEXT
            yield from self._formula(standing, value, expects, (*here, key))
        elif key == "role" and value not in {each.name for each in self._after.roles} and not self.look.is_tenant:
            yield unknown((*here, key), "role", value, [each.name for each in self._after.roles])
        elif key == "queue" and value not in {each.name for each in self._after.queues} and not self.look.is_tenant:
            yield unknown((*here, key), "queue", value, [each.name for each in self._after.queues])
        elif key == "permission_set" and value not in self._after.permission_sets:
            yield unknown((*here, key), "permission set", value, self._after.permission_sets)

    def _engine(self, step: Step, standing: Standing, here: Where) -> Iterator[Complaint]:
        if step.verb not in RECORDLESS_VERBS:
            yield from self._object_at(standing, here)
        body: Mapping[str, Any] = {"use": step.body} if isinstance(step.body, str) else step.body
        kind = ENGINE_VERBS[step.verb]
        if body["use"] not in self._after.logic_of(kind):
            at = here if isinstance(step.body, str) else (*here, "use")
            yield unknown(at, kind.replace("_", " "), body["use"], self._after.logic_of(kind))
        for name, value in body.get("with", {}).items():
            yield from self._formula(standing, formula_of(value), None, (*here, "with", name))
        yield from self._variable(body.get("into"), tuple(Kind), (*here, "into"))


_OTHERS = {
    "update": StepChecks.update,
    "update_records": StepChecks.update_records,
    "create": StepChecks.create,
    "delete": StepChecks.delete,
    "queue": StepChecks.queue,
    "webhook": StepChecks.webhook,
    "send_document": StepChecks.send_document,
    "call": StepChecks.call,
    "set": StepChecks.set_variables,
    "publish": StepChecks.publish,
}
