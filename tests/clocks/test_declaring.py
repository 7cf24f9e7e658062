"""What packages may declare of hours, holidays, milestones and plans; what is wrong is told with file and line."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chassis_metadata.check import check_package
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import Package
from chassis_metadata.errors import Invalid
from chassis_metadata.logic.business_hours import default_hours, hours_of
from chassis_metadata.logic.triggers import SOURCES
from chassis_platform.automation.business_time import add_business_days, is_business_day, next_open
from chassis_platform.records.after_save import _handlers
from clocks.helpdesk import HELPDESK
from package_folders import package_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
_HOURS = "label: H\nweek:\n"
_MILESTONE = "label: M\nobject: Ticket\nstart: IsNight\nstop: ISPICKVAL(Status, 'Closed')\n"
_PLAN = (
    "label: P\nobject: Ticket\ntask_object: Todo\nmapping: {run: RunId}\ndone_when: ISPICKVAL(State, 'Done')\ntasks:\n"
)


@pytest.mark.parametrize(
    ("file", "text", "line", "code"),
    [
        ("business_hours/H.yaml", _HOURS + "  monday: ['9:00-18:00']\n", 3, "invalid_format"),
        ("business_hours/H.yaml", _HOURS + "  monday: ['18:00-09:00']\n", 3, "invalid_opening"),
        ("business_hours/H.yaml", _HOURS + "  monday: ['09:00-12:00', '11:00-18:00']\n", 3, "invalid_opening"),
        ("business_hours/H.yaml", _HOURS + "  monday: []\n", 2, "never_open"),
        ("business_hours/H.yaml", _HOURS + "  munday: ['09:00-12:00']\n", 3, "unknown_key"),
        ("business_hours/H.yaml", _HOURS + "  monday: ['09:00-12:00']\ntime_zone: Mars/Base\n", 4, "unknown_time_zone"),
        (
            "business_hours/H.yaml",
            _HOURS + "  monday: ['09:00-12:00']\nholidays: [Chima]\n",
            4,
            "unknown_holiday_calendar",
        ),
        ("business_hours/Z.yaml", _HOURS + "  monday: ['09:00-12:00']\ndefault: true\n", 4, "duplicate_default"),
        ("holiday_calendars/C.yaml", "label: C\nholidays:\n  - {date: 2026-02-30}\n", 3, "invalid_date"),
        (
            "holiday_calendars/C.yaml",
            "label: C\nholidays:\n  - {date: 2026-02-03, until: 2026-02-01}\n",
            3,
            "invalid_date",
        ),
        (
            "holiday_calendars/C.yaml",
            "label: C\nholidays:\n  - {date: '12-25'}\n  - {date: '12-25'}\n",
            4,
            "duplicate_value",
        ),
        ("milestones/M.yaml", _MILESTONE, 1, "one_target"),
        ("milestones/M.yaml", _MILESTONE + "target: 5 min\nuntil: PromisedTime\n", 6, "one_target"),
        ("milestones/M.yaml", _MILESTONE + "target: soon\n", 5, "invalid_format"),
        ("milestones/M.yaml", _MILESTONE + "target: 900000 h\n", 5, "out_of_range"),
        ("task_plans/P.yaml", _PLAN + "  - {subject: x, offset: -99999 d}\n", 7, "out_of_range"),
        ("milestones/M.yaml", _MILESTONE + "until: Name\n", 5, "wrong_kind"),
        ("milestones/M.yaml", _MILESTONE + "target: 5 min\npause: Statsu = 'x'\n", 6, "unknown_name"),
        ("milestones/M.yaml", _MILESTONE + "target: 5 min\nresume: IsNight\n", 6, "misplaced_key"),
        ("milestones/M.yaml", _MILESTONE + "target: 5 min\nhours: Ofice\n", 6, "unknown_business_hours"),
        ("milestones/M.yaml", _MILESTONE + "target: 5 min\nmirror: {state: Nothing}\n", 6, "unknown_field"),
        ("milestones/M.yaml", _MILESTONE + "target: 5 min\nmirror: {due: VisitDate}\n", 6, "wrong_type"),
        ("milestones/M.yaml", _MILESTONE + "target: 5 min\nmirror: {state: Grade}\n", 6, "unknown_picklist_value"),
        (
            "milestones/M.yaml",
            _MILESTONE + "target: 5 min\non_violation:\n  - {update: {Nte: \"'x'\"}}\n",
            7,
            "unknown_field",
        ),
        (
            "milestones/M.yaml",
            _MILESTONE + "target: 5 min\nwarnings:\n  - at: 50%\n    steps:\n      - {queue: Dsk}\n",
            9,
            "unknown_queue",
        ),
        ("task_plans/P.yaml", _PLAN + "  - {subject: x, from: {previous: true}}\n", 7, "no_previous_task"),
        ("task_plans/P.yaml", _PLAN + "  - {subject: x, offset: later}\n", 7, "invalid_format"),
        ("task_plans/P.yaml", _PLAN + "  - {subject: x, owner: {role: Cheif}}\n", 7, "unknown_role"),
        ("task_plans/P.yaml", _PLAN + "  - {subject: x, fields: {Kynd: \"'x'\"}}\n", 7, "unknown_field"),
        ("task_plans/P.yaml", _PLAN + "  - {subject: x, from: {date: Name}}\n", 7, "wrong_kind"),
        ("task_plans/P.yaml", _PLAN.replace("run: RunId", "run: TicketId") + "  - {subject: x}\n", 4, "wrong_type"),
        ("task_plans/P.yaml", _PLAN.replace("Todo", "Tudo") + "  - {subject: x}\n", 3, "unknown_object"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(
    packages: dict[str, Package], tmp_path: Path, file: str, text: str, line: int, code: str
) -> None:
    try:
        problems = check_package(package_of(tmp_path, HELPDESK, {file: text}), [packages["platform"]])
    except Invalid as invalid:
        problems = list(invalid.problems)

    assert [(each.file, each.line, each.code) for each in problems] == [(file, line, code)]


def test_the_helpdesk_itself_is_fine(packages: dict[str, Package], tmp_path: Path) -> None:
    assert check_package(package_of(tmp_path, HELPDESK), [packages["platform"]]) == []


def test_the_records_of_an_object_with_a_milestone_have_its_clocks_beside_them(
    packages: dict[str, Package], tmp_path: Path
) -> None:
    snapshot = compile_snapshot([packages["platform"], package_of(tmp_path, HELPDESK)])

    children = {each.name: (each.child, each.cascade) for each in snapshot.objects["Ticket"].children}
    assert children["Milestones"] == ("RecordMilestone", True)
    assert children["TaskPlanRuns"] == ("TaskPlanRun", True)
    assert "Milestones" not in {each.name for each in snapshot.objects["Shop"].children}


@pytest.mark.parametrize(
    ("day", "is_worked"),
    [
        ("2024-02-04", True),  # a Sunday before the Spring Festival
        ("2024-02-12", False),
        ("2024-02-18", True),
        ("2024-09-14", True),
        ("2024-10-07", False),
        ("2024-10-08", True),
        ("2025-01-26", True),
        ("2025-02-04", False),
        ("2025-02-05", True),
        ("2025-09-28", True),
        ("2025-10-08", False),
        ("2025-10-11", True),
        ("2026-01-02", False),
        ("2026-01-04", True),
        ("2026-02-14", True),
        ("2026-02-23", False),
        ("2026-02-28", True),
        ("2026-05-09", True),
        ("2026-09-20", True),
        ("2026-10-07", False),
        ("2026-10-10", True),
        ("2026-10-11", False),
    ],
)
def test_china_works_and_rests_as_the_state_council_says(
    packages: dict[str, Package],
    day: str,
    is_worked: bool,  # noqa: FBT001  a column of the table
) -> None:
    snapshot = compile_snapshot([packages["platform"], packages["crm"]])
    office = hours_of(snapshot)["OfficeHours"]

    assert default_hours(snapshot) is office
    assert is_business_day(office, date.fromisoformat(day), SHANGHAI) == is_worked


def test_fifteen_working_days_over_the_national_day(packages: dict[str, Package]) -> None:
    snapshot = compile_snapshot([packages["platform"], packages["crm"]])
    office, store = hours_of(snapshot)["OfficeHours"], hours_of(snapshot)["StoreHours"]
    start = datetime(2026, 9, 18, 10, tzinfo=SHANGHAI)  # a Friday; the Sunday is worked

    # 20-24 September, 28-30, then 8-10 October and 12-15
    assert add_business_days(office, start, 15, SHANGHAI).astimezone(SHANGHAI).date() == date(2026, 10, 15)
    assert next_open(store, datetime(2026, 10, 1, 20, tzinfo=SHANGHAI), SHANGHAI).astimezone(SHANGHAI).day == 2


def test_every_kind_that_saves_set_off_has_an_engine_that_acts() -> None:
    assert set(SOURCES) <= set(_handlers)
