"""Approval processes: who must agree to a record, in which order, by when, and what follows from yes and no."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.logic.durations import Duration, read_duration
from chassis_metadata.logic.frozen import digest_of, document_of
from chassis_metadata.logic.triggers import SOURCES, Event, Trigger
from chassis_metadata.snapshot import Snapshot

KIND = "approval"
END, NEVER = "end", "never"
#: What formulas of a process can read beside the record's fields.
COMMENTS, ACTOR, SUBMITTER, STEP = "ApprovalComments", "ApprovalActorId", "ApprovalSubmitterId", "ApprovalStep"
DEFAULT_ORDER = 100


@dataclass(frozen=True, slots=True)
class Approver:
    """One way to find who is asked; `otherwise` is tried in turn while nobody is found."""

    user: str | None = None
    queue: str | None = None
    manager: int | None = None
    of: str | None = None
    field: str | None = None
    start: str | None = None
    up: str | None = None
    role: str | None = None
    permission: str | None = None
    permission_set: str | None = None
    members: str | None = None  # Object.Field
    match: tuple[tuple[str, str], ...] = ()
    formula: str | None = None
    chosen: bool = False
    otherwise: tuple[Approver, ...] = ()

    @property
    def is_search(self) -> bool:
        """Users are looked for by what they are."""
        return any((self.role, self.permission, self.permission_set, self.members))


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that is done; exactly one of its parts is there. Values are formulas."""

    update: Mapping[str, str] | None = None
    create: tuple[str, Mapping[str, str]] | None = None  # object, fields
    flow: str | None = None
    notify: tuple[tuple[str, ...], str, str | None] | None = None  # whom, title, text
    lock: bool | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long an approver has, and what happens after it."""

    limit: Duration | None = None
    escalate_after: Duration | None = None
    escalate_to: tuple[Approver, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a process."""

    name: str
    label: str
    approvers: tuple[Approver, ...]
    parallel: bool = False
    when: str | None = None
    otherwise: str = "skip"  # skip | approve | reject
    approve_when: str | None = None
    reject_when: str | None = None
    is_unanimous: bool = False
    editable_fields: tuple[str, ...] = ()
    deadline: Deadline = Deadline()
    reject_to: str | None = None
    on_approve: tuple[Action, ...] = ()
    on_reject: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalProcess:
    """A process. Steps that run together make a stage; `digest` names the content, which a running approval keeps."""

    name: str
    label: str
    object_name: str
    digest: str
    steps: tuple[Step, ...]
    description: str | None = None
    package: str | None = None
    order: int = DEFAULT_ORDER
    entry: str | None = None
    submit_when: str | None = None
    submitters: tuple[str, ...] = ("editors",)
    locks: bool = True
    keeps_locked: bool = False
    show_fields: tuple[str, ...] = ()
    comments_required: frozenset[str] = frozenset()
    recall_until: str = END
    email: bool = False
    hours: str | None = None
    fallback: tuple[Approver, ...] = ()
    on_submit: tuple[Action, ...] = ()
    on_approve: tuple[Action, ...] = ()
    on_reject: tuple[Action, ...] = ()
    on_recall: tuple[Action, ...] = ()

    @property
    def stages(self) -> tuple[tuple[Step, ...], ...]:
        """The steps in the order in which they are asked; those of one stage at the same time."""
        stages: list[list[Step]] = []
        for step in self.steps:
            if step.parallel and stages:
                stages[-1].append(step)
            else:
                stages.append([step])
        return tuple(tuple(stage) for stage in stages)

    def step(self, name: str) -> Step | None:
        """The step of that name."""
        return next((each for each in self.steps if each.name == name), None)

    def part(self, name: str) -> str:
        """Where the step stands in the definition: `steps.0`."""
        return next((f"steps.{place}" for place, each in enumerate(self.steps) if each.name == name), "")

    def stage_of(self, name: str) -> int:
        """The place of the stage that holds the step; 0 for a name that is none."""
        found = (place for place, stage in enumerate(self.stages) if any(each.name == name for each in stage))
        return next(found, 0)

    def chooses_approver(self, stage: int) -> bool:
        """Whether somebody has to name who is asked in that stage."""
        steps = self.stages[stage] if stage < len(self.stages) else ()
        return any(each.chosen for step in steps for each in step.approvers)

    def label_in(self, snapshot: Snapshot, language: str) -> str:
        """What users read."""
        return snapshot.text(language, f"approvals.{self.name}.label", self.label)

    def step_label_in(self, snapshot: Snapshot, language: str, name: str) -> str:
        """What users read of a step; its name where it is gone."""
        for place, step in enumerate(self.steps):
            if step.name == name:
                return snapshot.text(language, f"approvals.{self.name}.steps.{place}.label", step.label)
        return name


def read_approval(component: LogicComponent) -> ApprovalProcess:
    """A component as a process."""
    return approval_of_document(document_of(component))


def approval_of_document(document: Mapping[str, Any]) -> ApprovalProcess:
    """The process that `document_of` made a document of."""
    body = document["body"]
    common = _deadline(body)
    return ApprovalProcess(
        name=document["name"],
        package=document["package"],
        digest=digest_of(document),
        label=body["label"],
        description=body.get("description"),
        object_name=body["object"],
        order=body.get("order", DEFAULT_ORDER),
        entry=body.get("entry"),
        submit_when=body.get("submit_when"),
        submitters=tuple(body.get("submitters", ("editors",))),
        locks=body.get("lock", True),
        keeps_locked=body.get("keep_locked", False),
        show_fields=tuple(body.get("show_fields", ())),
        comments_required=frozenset(body.get("comments_required", ())),
        recall_until=body.get("recall_until", END),
        email=body.get("email", False),
        hours=body.get("hours"),
        fallback=_approvers(body.get("fallback", ())),
        steps=tuple(_step(each, common) for each in body["steps"]),
        **{key: _actions(body.get(key, ())) for key in ("on_submit", "on_approve", "on_reject", "on_recall")},
    )


def _step(body: Mapping[str, Any], common: Deadline) -> Step:
    own = _deadline(body)
    return Step(
        name=body["name"],
        label=body["label"],
        approvers=_approvers(body["approvers"]),
        parallel=body.get("parallel", False),
        when=body.get("when"),
        otherwise=body.get("otherwise", "skip"),
        approve_when=body.get("approve_when"),
        reject_when=body.get("reject_when"),
        is_unanimous=body.get("decide") == "unanimous",
        editable_fields=tuple(body.get("editable_fields", ())),
        deadline=Deadline(
            own.limit or common.limit,
            own.escalate_after or (None if own.limit else common.escalate_after),
            own.escalate_to or common.escalate_to,
        ),
        reject_to=body.get("reject_to"),
        on_approve=_actions(body.get("on_approve", ())),
        on_reject=_actions(body.get("on_reject", ())),
    )


def _deadline(body: Mapping[str, Any]) -> Deadline:
    limit, later = (read_duration(body[key]) if key in body else None for key in ("time_limit", "escalate_after"))
    return Deadline(limit, later, _approvers(body.get("escalate_to", ())))


def _approvers(bodies: Sequence[Mapping[str, Any]]) -> tuple[Approver, ...]:
    return tuple(_approver(each) for each in bodies)


def _approver(body: Mapping[str, Any]) -> Approver:
    plain = ("user", "queue", "manager", "of", "field", "up", "role", "permission", "permission_set", "members")
    return Approver(
        **{key: body.get(key) for key in plain},
        start=body.get("from"),
        match=tuple(body.get("match", {}).items()),
        formula=body.get("formula"),
        chosen=body.get("chosen", False),
        otherwise=_approvers(body.get("else", ())),
    )


def _actions(bodies: Sequence[Mapping[str, Any]]) -> tuple[Action, ...]:
    return tuple(_action(each) for each in bodies)


def _action(body: Mapping[str, Any]) -> Action:
    create, notify = body.get("create"), body.get("notify")
    return Action(
        update=body.get("update"),
        create=(create["object"], create["fields"]) if create else None,
        flow=body.get("flow"),
        lock=body.get("lock"),
        notify=(tuple(notify["to"]), notify["title"], notify.get("text")) if notify else None,
    )


def processes_of(snapshot: Snapshot, object_name: str) -> tuple[ApprovalProcess, ...]:
    """The active processes of an object in the order in which they are tried."""
    return snapshot.keep(KIND, lambda: _by_object(snapshot)).get(object_name, ())


def _by_object(snapshot: Snapshot) -> dict[str, tuple[ApprovalProcess, ...]]:
    found: dict[str, list[ApprovalProcess]] = {}
    for component in snapshot.logic_of(KIND).values():
        process = read_approval(component)
        found.setdefault(process.object_name, []).append(process)
    return {name: tuple(sorted(each, key=lambda one: (one.order, one.name))) for name, each in found.items()}


def objects_in_approval(snapshot: Snapshot) -> frozenset[str]:
    """The objects whose records may be in approval: also where the process was switched off meanwhile."""

    def make() -> frozenset[str]:
        components = [*snapshot.logic_of(KIND).values(), *snapshot.logic_of("switched_off").values()]
        return frozenset(str(each.body.get("object")) for each in components if each.kind == KIND)

    return snapshot.keep("objects_in_approval", make)


def _triggers(component: LogicComponent, snapshot: Snapshot) -> Iterator[Trigger]:
    del snapshot
    body = component.body
    if "submit_when" in body:
        yield Trigger(
            kind=KIND,
            name=component.name,
            object_name=body["object"],
            events=frozenset({Event.CREATE, Event.UPDATE}),
            criteria=body["submit_when"],
            becomes=True,
            order=10_000 + body.get("order", DEFAULT_ORDER),  # after flows: they may still fill what the entry asks
        )


SOURCES[KIND] = _triggers
