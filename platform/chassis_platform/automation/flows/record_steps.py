"""Steps that write records: update, update_records, create, delete, queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis_metadata.errors import Problem
from chassis_metadata.expressions.fields import stored_fields
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.flow import Step, formula_of
from chassis_metadata.logic.flow_formulas import Standing
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.automation.flows.evaluate import Answer, Search
from chassis_platform.automation.flows.frame import Frame, Item
from chassis_platform.automation.flows.run import FAILED, Run
from chassis_platform.automation.flows.steps import verb
from chassis_platform.automation.people import queue_ids
from chassis_platform.plan.typed_values import BadValue, Convert, converter

FEW = 200


def search_of(run: Run, frame: Frame, body: Mapping[str, Any]) -> Search:
    """What a step looks for."""
    name, reference, parent = body.get("object"), None, None
    if "related" in body and frame.obj is not None:
        child = next(each for each in frame.obj.children if each.name == body["related"])
        reference = run.snapshot.objects[child.child].fields[child.field]
        name = child.child
    elif "parent" in body and frame.obj is not None:
        parent = frame.obj.fields[body["parent"]]
        name = name or parent.references[0]
    obj = run.snapshot.objects[str(name)]
    criteria = body.get("criteria")
    standing = frame.standing.inside(obj.name)
    return Search(
        obj,
        reference,
        parent,
        None if criteria is None else run.formula(standing, criteria, Kind.BOOLEAN),
        tuple((obj.fields[each["field"]], each.get("descending", False)) for each in body.get("order_by", ())),
        body.get("limit", FEW),
    )


def assigned(
    run: Run, obj: Object, standing: Standing, body: Mapping[str, Any]
) -> tuple[list[Field], list[Expression]]:
    """The fields that are set, and the formulas that give their values."""
    fields = [obj.fields[name] for name in body]
    formulas = [run.formula(standing, formula_of(body[each.name]), kind_of(each)) for each in fields]
    return fields, formulas


def differing(snapshot: Snapshot, fields: Sequence[Field], answer: Answer) -> dict[str, tuple[Any, Any]]:
    """What would change: field name to present and new value. What is the same already is left alone."""
    found: dict[str, tuple[Any, Any]] = {}
    for field, present, value in zip(fields, answer.present, answer.values, strict=True):
        if _typed(snapshot, field, value) != present:
            found[field.name] = (present, value)
    return found


def _typed(snapshot: Snapshot, field: Field, value: Any) -> Any:
    if value is None or value == "":
        return False if field.type == "checkbox" else None

    def make() -> Convert:
        return converter(field, {prefix: each.name for prefix, each in snapshot.objects_by_prefix.items()})

    convert = snapshot.keep(("converter", field.object_name, field.name), make)
    try:
        return convert(value)
    except BadValue:
        return value  # the write says what is wrong with it


async def _update(
    run: Run, frame: Frame, step: Step, obj: Object, changes: Mapping[str, tuple[Item, dict[str, tuple[Any, Any]]]]
) -> None:
    """Update records where anything differs; `changes` by record id."""
    wanted = {record_id: each for record_id, each in changes.items() if each[1]}
    payloads = [
        {"Id": record_id, **{name: new for name, (_, new) in each.items()}} for record_id, (_, each) in wanted.items()
    ]
    await run.write(frame, step, obj.name, "update", payloads, [item for item, _ in wanted.values()])
    for record_id, (_, each) in wanted.items():
        run.did(frame, step, "updated", obj.name, record_id, **each)


@verb("update")
async def update(run: Run, frame: Frame, step: Step) -> None:
    """Set fields of the record at hand."""
    assert frame.obj is not None  # noqa: S101  the checks demand an object
    fields, formulas = assigned(run, frame.obj, frame.standing, step.body)
    answers = await run.ask(frame, step, formulas, fields)
    changes = {
        str(item.record_id): (item, differing(run.snapshot, fields, answer))
        for item, answer in zip(frame.items, answers, strict=True)
    }
    await _update(run, frame, step, frame.obj, changes)


@verb("update_records")
async def update_records(run: Run, frame: Frame, step: Step) -> None:
    """Set fields of what is found. A record that is found for several ends as if they had come one after the other."""
    search = search_of(run, frame, step.body)
    fields, formulas = assigned(run, search.obj, frame.standing.inside(search.obj.name), step.body["fields"])
    found = await run.find(frame, step, search, formulas, fields)
    builds_on_itself = _builds_on_itself(run.snapshot, search, fields, formulas)
    while found:
        now, left = _in_turn(found) if builds_on_itself else (found, set())
        changes = {str(answer.record_id): (item, differing(run.snapshot, fields, answer)) for item, answer in now}
        _note_overruled(run, frame, step, search.obj, fields, now)
        await _update(run, frame, step, search.obj, changes)
        items = [each for each in frame.items if any(item is each for item, _ in left)]
        again = await run.find(frame.only(items), step, search, formulas, fields) if items else []
        found = [(item, answer) for item, answer in again if (item, answer.record_id) in left]


def _builds_on_itself(
    snapshot: Snapshot, search: Search, fields: Sequence[Field], formulas: Sequence[Expression]
) -> bool:
    """Whether what is set decides what is found or set: then the next must see what the one before left."""
    asked = [*formulas, *([] if search.criteria is None else [search.criteria])]
    read = {name for each in asked for name in stored_fields(snapshot, search.obj, each.row_fields)}
    return any(each.name in read for each in fields)


def _in_turn(
    found: Sequence[tuple[Item, Answer]],
) -> tuple[list[tuple[Item, Answer]], set[tuple[Item, str | None]]]:
    """The first of those that found each record, and the pairs whose turn comes later."""
    first: dict[str | None, tuple[Item, Answer]] = {}
    for item, answer in found:
        first.setdefault(answer.record_id, (item, answer))
    left = {(item, answer.record_id) for item, answer in found if first[answer.record_id][0] is not item}
    return list(first.values()), left


def _note_overruled(
    run: Run, frame: Frame, step: Step, obj: Object, fields: Sequence[Field], found: Sequence[tuple[Item, Answer]]
) -> None:
    """What one record wanted and a later one wanted otherwise is told."""
    last = {answer.record_id: answer.values for _, answer in found}
    for _, answer in found:
        lost = {
            field.name: value
            for field, value, kept in zip(fields, answer.values, last[answer.record_id], strict=True)
            if value != kept
        }
        if lost:
            run.did(frame, step, "overruled", obj.name, answer.record_id, **lost)


@verb("create")
async def create(run: Run, frame: Frame, step: Step) -> None:
    """Make a record for each item, or for each found record."""
    obj = run.snapshot.objects[step.body["object"]]
    if "for_each" in step.body:
        search = search_of(run, frame, step.body["for_each"])
        fields, formulas = assigned(run, obj, frame.standing.inside(search.obj.name), step.body["fields"])
        found = await run.find(frame, step, search, formulas)
    else:
        fields, formulas = assigned(run, obj, frame.standing, step.body["fields"])
        found = list(zip(frame.items, await run.ask(frame, step, formulas), strict=True))
    names = [each.name for each in fields]
    payloads = [dict(zip(names, answer.values, strict=True)) for _, answer in found]
    results = await run.write(frame, step, obj.name, "insert", payloads, [item for item, _ in found])
    for (item, _), payload, result in zip(found, payloads, results, strict=True):
        did = "attached" if result.attached else "created"
        run.did(frame, step, did, obj.name, result.id, **{name: (None, each) for name, each in payload.items()})
        if "into" in step.body:
            item.variables[step.body["into"]] = result.id


@verb("delete")
async def delete(run: Run, frame: Frame, step: Step) -> None:
    """Put what is found, or the records at hand, into the recycle bin."""
    if not step.body:
        assert frame.obj is not None  # noqa: S101  the checks demand an object
        obj, gone = frame.obj, {str(each.record_id): each for each in frame.items}
    else:
        search = search_of(run, frame, step.body)
        obj = search.obj
        gone = {str(answer.record_id): item for item, answer in await run.find(frame, step, search, [])}
    payloads = [{"Id": record_id} for record_id in gone]
    await run.write(frame, step, obj.name, "delete", payloads, list(gone.values()))
    for record_id in gone:
        run.did(frame, step, "deleted", obj.name, record_id)


@verb("queue")
async def queue(run: Run, frame: Frame, step: Step) -> None:
    """Give the records to a queue."""
    assert frame.obj is not None  # noqa: S101  the checks demand an object
    found = await queue_ids(run.transaction, run.context, [step.body])
    if step.body not in found:
        for item in frame.items:
            run.fail(frame, step, item, Problem("", FAILED, f"there is no queue {step.body!r}."))
        run.check()
    owner = frame.obj.fields["OwnerId"]
    answers = await run.ask(frame, step, [], [owner])
    changes: dict[str, tuple[Item, dict[str, tuple[Any, Any]]]] = {}
    for item, answer in zip(frame.items, answers, strict=True):
        differs = answer.present[0] != found[step.body]
        changes[str(item.record_id)] = (item, {"OwnerId": (answer.present[0], found[step.body])} if differs else {})
    await _update(run, frame, step, frame.obj, changes)
