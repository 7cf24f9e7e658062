"""A small package with tickets that have clocks and plans: shops with hours of their own, tickets, to-dos."""

from __future__ import annotations

from package_folders import Files

HELPDESK: Files = {
    "package.yaml": (
        "name: helpdesk\nlabel: Helpdesk\nversion: 1.0.0\npublisher: chassis\ndepends_on:\n  platform: '>=1.0.0'\n"
    ),
    "objects/Shop/object.yaml": (
        "label: Shop\nplural_label: Shops\nkey_prefix: 9Sh\nsharing: public_read_write\n"
        "name: {type: text, label: Name}\n"
    ),
    "objects/Shop/fields.yaml": "HoursName: {type: text, label: Hours, length: 80}\n",
    "objects/Ticket/object.yaml": (
        "label: Ticket\nplural_label: Tickets\nkey_prefix: 9Ti\nsharing: public_read_write\n"
        "name: {type: text, label: Subject}\n"
    ),
    "objects/Ticket/fields.yaml": (
        "Status: {type: picklist, label: Status, default: New, values: [New, Waiting, Answered, Closed, Cancelled]}\n"
        "ShopId: {type: lookup, label: Shop, references: Shop}\n"
        "PromisedTime: {type: datetime, label: Promised}\n"
        "VisitDate: {type: date, label: Visit}\n"
        "Grade: {type: picklist, label: Grade, values: [A, B, C]}\n"
        "MinutesAllowed: {type: number, label: Minutes allowed, precision: 8, scale: 2}\n"
        "IsNight: {type: checkbox, label: Night}\n"
        "Note: {type: text, label: Note, length: 255}\n"
        "HelperId: {type: lookup, label: Helper, references: User}\n"
        "ResponseState: {type: picklist, label: Response, values: [Running, Paused, Met, Violated, Cancelled]}\n"
        "ResponseDue: {type: datetime, label: Response due}\n"
        "Level: {type: number, label: Level, precision: 3, scale: 0}\n"
    ),
    "objects/Todo/object.yaml": (
        "label: To-do\nplural_label: To-dos\nkey_prefix: 9To\nsharing: public_read_write\n"
        "name: {type: text, label: Subject}\n"
    ),
    "objects/Todo/fields.yaml": (
        "TicketId: {type: lookup, label: Ticket, references: Ticket}\n"
        "DueTime: {type: datetime, label: Due}\n"
        "Kind: {type: text, label: Kind, length: 40}\n"
        "State: {type: picklist, label: State, default: Open, values: [Open, Done, Dropped]}\n"
        "RunId: {type: lookup, label: Plan, references: TaskPlanRun, child_relationship_name: Todos}\n"
    ),
    "permission_sets/HelpdeskUser.yaml": (
        "label: Helpdesk user\nobjects: {Shop: all, Ticket: all, Todo: all}\n"
        "fields: {Shop.*: edit, Ticket.*: edit, Todo.*: edit}\nsystem: [ApiEnabled]\n"
    ),
    "roles.yaml": "Chief: {label: Chief}\nHelper: {label: Helper, parent: Chief}\n",
    "queues.yaml": "Desk: {label: Desk, objects: [Ticket, Todo]}\n",
    "holiday_calendars/China.yaml": (
        "label: China\nholidays:\n  - {date: 2026-02-15, until: 2026-02-23, name: Spring Festival}\n"
        "workdays:\n  - {date: 2026-02-14, name: Spring Festival}\n  - {date: 2026-02-28, name: Spring Festival}\n"
    ),
    "business_hours/Office.yaml": (
        "label: Office\ndefault: true\ntime_zone: Asia/Shanghai\nholidays: [China]\nweek:\n"
        + "".join(f"  {day}: ['09:00-18:00']\n" for day in ("monday", "tuesday", "wednesday", "thursday", "friday"))
    ),
    "business_hours/Late.yaml": (
        "label: Late\ntime_zone: Asia/Shanghai\nweek:\n"
        + "".join(
            f"  {day}: ['12:00-22:00']\n"
            for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        )
    ),
    "milestones/FirstResponse.yaml": (
        "label: First response\nobject: Ticket\n"
        "start: ISPICKVAL(Status, 'New')\nstop: ISPICKVAL(Status, 'Answered')\n"
        "pause: ISPICKVAL(Status, 'Waiting')\ncancel: ISPICKVAL(Status, 'Cancelled')\n"
        "target: 60 min\nhours: Office\nhours_from: Shop.HoursName\naround_the_clock: IsNight\n"
        "mirror: {state: ResponseState, due: ResponseDue}\n"
        "warnings:\n"
        "  - {at: 50%, name: HalfTime, steps: [{update: {Note: \"Note & 'h'\"}}]}\n"
        "  - {at: 10 min before, name: Soon, steps: [{update: {Note: \"Note & 's'\"}}]}\n"
        "on_violation:\n"
        "  - {update: {Note: \"Note & 'v'\"}}\n"
        "  - {create: {object: Todo, fields: {Name: \"'Apologise'\", TicketId: Id}}}\n"
        "on_met:\n  - {update: {Note: \"Note & 'm'\"}}\n"
    ),
    "milestones/Promise.yaml": (
        "label: Promise\nobject: Ticket\nstart: NOT(ISBLANK(PromisedTime))\nstop: ISPICKVAL(Status, 'Closed')\n"
        "until: PromisedTime\nclock: calendar\n"
    ),
    "milestones/Allowance.yaml": (
        "label: Allowance\nobject: Ticket\nrestart: true\nclock: calendar\n"
        "start: MinutesAllowed > 0\nstop: ISPICKVAL(Status, 'Closed')\ntarget_minutes: MinutesAllowed\n"
    ),
    "milestones/Escalation.yaml": (
        "label: Escalation\nobject: Ticket\nstart: ISPICKVAL(Grade, 'A')\nstop: ISPICKVAL(Status, 'Closed')\n"
        "target: 2 h\nclock: calendar\n"
        "on_violation:\n"
        "  - {if: \"Level = 9\", error: {message: 'Nine is too many'}}\n"
        "  - {update: {Level: 'BLANKVALUE(Level, 0) + 1'}}\n"
        "  - {queue: Desk}\n"
    ),
    "milestones/Answer15Days.yaml": (
        "label: Answer in 15 working days\nobject: Ticket\nstart: ISPICKVAL(Grade, 'C')\n"
        "stop: ISPICKVAL(Status, 'Closed')\ntarget: 15 business days\nhours: Office\n"
    ),
    "task_plans/GradeA.yaml": (
        "label: Grade A\nobject: Ticket\nstart: ISPICKVAL(Grade, 'A') && IsNight\n"
        "cancel_when: ISPICKVAL(Status, 'Cancelled')\ntask_object: Todo\n"
        "mapping: {due: DueTime, record: TicketId, run: RunId}\n"
        "fields: {Kind: \"'Call'\"}\ndone_when: ISPICKVAL(State, 'Done')\nclosed_when: ISPICKVAL(State, 'Dropped')\n"
        "on_cancel: {State: \"'Dropped'\"}\nhours: Office\nowner: {field: HelperId}\n"
        "tasks:\n"
        "  - {name: Call, subject: Call at once}\n"
        "  - {name: Letter, subject: Write a letter, offset: 4 h, owner: {queue: Desk}, fields: {Kind: \"'Letter'\"}}\n"
        "  - {name: Check, subject: Check, offset: 3 business days, owner: {role: Chief}}\n"
        "  - {name: Extra, subject: Only for level 5, offset: 1 d, only_if: Level = 5}\n"
        "  - {name: Visit, subject: Prepare the visit, offset: -3 d, from: {date: VisitDate}}\n"
        "  - {name: After, subject: Ask how it was, offset: 1 d, from: {previous: true}}\n"
    ),
    "task_plans/ByHand.yaml": (
        "label: By hand\nobject: Ticket\ntask_object: Todo\nmapping: {record: TicketId, run: RunId}\n"
        "done_when: ISPICKVAL(State, 'Done')\nclosed_when: ISPICKVAL(State, 'Dropped')\n"
        "tasks:\n  - {subject: One}\n  - {subject: Two, from: {previous: true}}\n"
    ),
    "flows/Reset.yaml": (
        "label: Reset\nobject: Ticket\ntrigger: {record: {criteria: Level = 8, becomes: true}}\n"
        "steps:\n  - {milestone: {use: FirstResponse, with: {action: \"'cancel'\"}}}\n"
        "  - {milestone: Allowance2}\n"
    ),
    "milestones/Allowance2.yaml": (
        "label: Second allowance\nobject: Ticket\nstart: Level = 999\n"
        "stop: ISPICKVAL(Status, 'Closed')\ntarget: 30 min\n"
    ),
    "flows/StartByHand.yaml": (
        "label: Start by hand\nobject: Ticket\ntrigger: {record: {criteria: Level = 7, becomes: true}}\n"
        "steps:\n  - {plan: ByHand}\n"
    ),
    "flows/EndByHand.yaml": (
        "label: End by hand\nobject: Ticket\ntrigger: {record: {criteria: Level = 9, becomes: true}}\n"
        "steps:\n  - {plan: {use: ByHand, with: {action: \"'cancel'\"}}}\n"
    ),
    "translations/zh_CN.yaml": "task_plans: {ByHand: {label: 手动, tasks: {0: {subject: 第一}}}}\n",
}
