"""A small package with all that is assigned, scored, gathered and posted: branches, members, inquiries, clients."""

from __future__ import annotations

from package_folders import Files

BUREAU: Files = {
    "package.yaml": (
        "name: bureau\nlabel: Bureau\nversion: 1.0.0\npublisher: chassis\ndepends_on:\n  platform: '>=1.0.0'\n"
    ),
    "objects/Branch/object.yaml": (
        "label: Branch\nplural_label: Branches\nkey_prefix: 9Br\nsharing: public_read_write\nowned: false\n"
        "name: {type: text, label: Name}\n"
    ),
    "objects/Branch/fields.yaml": (
        "City: {type: text, label: City, length: 40}\n"
        "Province: {type: text, label: Province, length: 40}\n"
        "IsOpen: {type: checkbox, label: Open, default: true}\n"
        "Quota: {type: number, label: A day, precision: 6, scale: 0}\n"
        "Conversion: {type: percent, label: Conversion, precision: 6, scale: 3}\n"
        "Place: {type: geolocation, label: Place}\n"
    ),
    "objects/Member/object.yaml": (
        "label: Member\nplural_label: Members\nkey_prefix: 9Me\nsharing: public_read_write\nowned: false\n"
        "name: {type: text, label: Name}\n"
    ),
    "objects/Member/fields.yaml": (
        "BranchId: {type: lookup, label: Branch, references: Branch}\n"
        "UserId: {type: lookup, label: User, references: User, required: true}\n"
        "Seniority: {type: picklist, label: Seniority, values: [Junior, Senior]}\n"
        "MostOpen: {type: number, label: Most open, precision: 6, scale: 0}\n"
        "IsActive: {type: checkbox, label: Active, default: true}\n"
    ),
    "objects/Client/object.yaml": (
        "label: Client\nplural_label: Clients\nkey_prefix: 9Cl\nsharing: public_read_write\n"
        "name: {type: text, label: Name}\n"
    ),
    "objects/Client/fields.yaml": (
        "City: {type: text, label: City, length: 40}\n"
        "HomeBranchId: {type: lookup, label: Home branch, references: Branch}\n"
        "Status: {type: picklist, label: Status, default: Active, values: [Active, Frozen]}\n"
        "PointBalance: {type: number, label: Points, precision: 18, scale: 0}\n"
        "Spent: {type: currency, label: Spent}\n"
    ),
    "objects/Inquiry/object.yaml": (
        "label: Inquiry\nplural_label: Inquiries\nkey_prefix: 9In\nsharing: public_read_write\n"
        "name: {type: text, label: Name}\n"
    ),
    "objects/Inquiry/fields.yaml": (
        "City: {type: text, label: City, length: 40}\n"
        "Province: {type: text, label: Province, length: 40}\n"
        "Status: {type: picklist, label: Status, default: New, values: [New, Dispatched, Closed]}\n"
        "Grade: {type: picklist, label: Grade, tracked: true, values: [A, B, C]}\n"
        "Budget: {type: currency, label: Budget}\n"
        "Price: {type: currency, label: Price}\n"
        "IsBooked: {type: checkbox, label: Booked}\n"
        "LastContact: {type: datetime, label: Last contact}\n"
        "Score: {type: number, label: Score, precision: 5, scale: 0}\n"
        "Explanation: {type: long_text, label: Explanation}\n"
        "ClientId: {type: lookup, label: Client, references: Client}\n"
        "BranchId: {type: lookup, label: Branch, references: Branch, tracked: true}\n"
        "ConsultantId: {type: lookup, label: Consultant, references: User}\n"
        "Place: {type: geolocation, label: Place}\n"
        "Note: {type: text, label: Note, length: 255}\n"
    ),
    "objects/Wish/object.yaml": (
        "label: Wish\nplural_label: Wishes\nkey_prefix: 9Wi\nsharing: public_read_write\nowned: false\n"
        "name: {type: text, label: Name}\n"
    ),
    "objects/Wish/fields.yaml": (
        "InquiryId: {type: lookup, label: Inquiry, references: Inquiry}\n"
        "BranchId: {type: lookup, label: Branch, references: Branch}\n"
        "Place: {type: number, label: Rank, precision: 3, scale: 0}\n"
    ),
    "objects/Meeting/object.yaml": (
        "label: Meeting\nplural_label: Meetings\nkey_prefix: 9Mt\nsharing: public_read_write\nowned: false\n"
        "name: {type: text, label: Name}\n"
    ),
    "objects/Meeting/fields.yaml": (
        "InquiryId: {type: lookup, label: Inquiry, references: Inquiry, on_delete: cascade}\n"
        "ClientId: {type: lookup, label: Client, references: Client}\n"
        "Day: {type: date, label: Day}\n"
    ),
    "permission_sets/BureauUser.yaml": (
        "label: Bureau user\n"
        "objects: {Branch: all, Member: all, Client: all, Inquiry: all, Wish: all, Meeting: all,"
        " LedgerEntry: [read, view_all], LedgerBalance: [read], SegmentMember: [read]}\n"
        "fields: {Branch.*: edit, Member.*: edit, Client.*: edit, Inquiry.*: edit, Wish.*: edit, Meeting.*: edit,"
        " LedgerEntry.*: read, LedgerBalance.*: read, SegmentMember.*: read}\n"
        "system: [ApiEnabled]\ncustom_permissions: [PostPoints]\n"
    ),
    "permission_sets/BureauClerk.yaml": (
        "label: Bureau clerk\nobjects: {Inquiry: [read, create, update]}\n"
        "fields: {Inquiry.City: edit, Inquiry.Status: edit, Inquiry.BranchId: read}\nsystem: [ApiEnabled]\n"
    ),
    "queues.yaml": "Desk: {label: Desk, objects: [Inquiry]}\nTeam: {label: Team, objects: [Inquiry]}\n",
    "custom_permissions.yaml": "PostPoints: {label: Post points}\n",
    "flows/New_Band.yaml": (
        "label: New band\nobject: Inquiry\ntrigger: {sub: {}}\n"
        "steps:\n  - {update: {Note: \"'band ' & TEXT(Grade)\"}}\n"
    ),
    "flows/Expiring.yaml": (
        "label: Expiring\nobject: Client\ntrigger: {sub: {}}\nsteps:\n  - {update: {City: \"'warned'\"}}\n"
    ),
    "flows/Reward.yaml": (
        "label: Reward\nobject: Client\n"
        "trigger: {record: {when: after_save, events: [update], criteria: \"City = 'Reward'\"}}\n"
        "steps:\n"
        "  - {post: {use: Points, with: {amount: '50', type: \"'Gift'\", key: \"'reward/' & Id\"}}}\n"
        "  - {refresh: {use: Regulars}}\n"
    ),
    "ledgers/Points.yaml": (
        "label: Points\nobject: Client\naccount_criteria: ISPICKVAL(Status, 'Active')\n"
        "permission: PostPoints\non_expiring: Expiring\n"
        "types:\n"
        "  Points: {label: Points, expires: {months: 24, end_of: month}, warn_days: 30,"
        " balance_field: PointBalance}\n"
        "  Gift: {label: Gift}\n"
        "  Credit: {label: Credit line, allow_negative: true}\n"
        "  Strict: {label: Strict, reversals_overdraw: false}\n"
    ),
    "ledgers/Budget.yaml": (
        "label: Budget\nobject: Branch\ndecimals: 2\nreasons: [Grant, Spend]\ntypes:\n  Marketing: {label: Marketing}\n"
    ),
    "segments/Shanghai.yaml": (
        "label: Shanghai\nobject: Client\nrefresh: hourly\ngroups:\n  - {criteria: City = 'Shanghai'}\n"
    ),
    "segments/Regulars.yaml": (
        "label: Regulars\nobject: Client\ngroups:\n"
        "  - {name: spenders, criteria: Spent > 1000}\n"
        "  - {name: visitors, criteria: 'COUNT(\"Meeting\", ClientId = $This.Id) >= 2'}\n"
        "  - {name: frozen, combine: minus, criteria: \"ISPICKVAL(Status, 'Frozen')\"}\n"
    ),
    "segments/Local_Regulars.yaml": (
        "label: Local regulars\nobject: Client\nrefresh: on_demand\ngroups:\n"
        "  - {segment: Regulars}\n  - {combine: intersect, segment: Shanghai}\n"
    ),
    "scoring_models/Inquiry_Score.yaml": (
        "label: Inquiry score\nobject: Inquiry\n"
        "criteria: NOT(ISPICKVAL(Status, 'Closed'))\n"
        "dimensions:\n"
        "  Intent: {label: Intent, cap: 20, decays: true}\n"
        "  Means: {label: Means}\n"
        "factors:\n"
        "  - {name: booked, label: Booked, dimension: Intent, criteria: IsBooked, points: 15}\n"
        "  - {name: visited, label: Visited, dimension: Intent, points: 10,"
        " criteria: 'EXISTS(\"Meeting\", InquiryId = $This.Id)'}\n"
        "  - {name: budget, label: Budget fits, dimension: Means,"
        " points: 'IF(ISBLANK(Budget), 5, IF(Budget >= Price, 40, IF(Budget >= Price * 0.9, 12, 0)))'}\n"
        "  - {name: local, label: Local, points: 3.5, criteria: City = 'Shanghai'}\n"
        "decay: {percent: 10, days: 7, since: LastContact}\n"
        "bands: [{name: A, from: 60}, {name: B, from: 40}, {name: C}]\n"
        "score_field: Score\nband_field: Grade\nexplanation_field: Explanation\n"
        "recompute_on: [{object: Meeting, field: InquiryId}]\non_band_change: New_Band\n"
    ),
    "assignment_rules/Branch_For_Inquiry.yaml": (
        "label: Branch for an inquiry\nobject: Inquiry\ntarget: BranchId\n"
        "on: {events: [create, update], criteria: \"ISPICKVAL(Status, 'Dispatched') && ISBLANK(BranchId)\"}\n"
        "candidates:\n"
        "  branches:\n"
        "    object: Branch\n"
        "    criteria: IsOpen\n"
        "    capacity: Quota\n"
        "    load: {object: Inquiry, field: BranchId, criteria: \"NOT(ISPICKVAL(Status, 'Closed'))\"}\n"
        "entries:\n"
        "  - name: PREFERRED\n    first: true\n    ignore_capacity: true\n"
        "    when: 'EXISTS(\"Wish\", InquiryId = $This.Id && BranchId = $Candidate.Id)'\n"
        "    order: ['LOOKUP(\"Wish\", Place, InquiryId = $This.Id && BranchId = $Candidate.Id)']\n"
        "  - {name: KNOWN, value: Client.HomeBranchId, among: branches}\n"
        "  - name: GEO\n"
        "    tiers: [City = $This.City, Province = $This.Province && NOT(ISBLANK(Province))]\n"
        "    score:\n"
        "      - {weight: 40, value: 'MAX(0, 1 - BLANKVALUE(DISTANCE(Place, $This.Place, \"km\"), 100) / 100)'}\n"
        "      - {weight: 25, value: Conversion, relative: true}\n"
        "      - {weight: 20, of: free_capacity}\n"
        "    set: {Note: '\"by merit\"'}\n"
        "  - {name: DESK, target: OwnerId, queue: Desk}\n"
    ),
    "assignment_rules/Consultant.yaml": (
        "label: Consultant\nobject: Inquiry\ntarget: ConsultantId\n"
        "candidates:\n"
        "  members:\n"
        "    object: Member\n    criteria: IsActive\n    answer: UserId\n    capacity: MostOpen\n"
        "    match: BLANKVALUE(BranchId, '') = BLANKVALUE($This.BranchId, '')\n"
        "    except: \"ISPICKVAL($This.Grade, 'A') && !ISPICKVAL(Seniority, 'Senior')\"\n"
        "    load: {object: Inquiry, field: ConsultantId, criteria: \"NOT(ISPICKVAL(Status, 'Closed'))\"}\n"
        "entries:\n"
        "  - {name: TURN, round_robin: true, criteria: \"Note = 'turn'\"}\n"
        "  - {name: LOAD, least_loaded: true}\n"
    ),
    "assignment_rules/Team.yaml": (
        "label: Team\nobject: Inquiry\n"
        "candidates: {team: {object: User, queue: Team}}\n"
        "entries: [{name: TEAM, round_robin: true}]\n"
    ),
    "assignment_rules/Nearest.yaml": (
        "label: Nearest\nobject: Inquiry\ntarget: BranchId\ncandidates: {branches: {object: Branch}}\n"
        "entries: [{name: NEAR, nearest: {distance: 'DISTANCE(Place, $This.Place, \"km\")', within: 50}}]\n"
    ),
    "decision_tables/Discount.yaml": (
        "label: Discount\nhit: first\n"
        "inputs: [{name: amount, type: number}, {name: city, type: text}]\n"
        "outputs: [{name: percent, type: number, default: 0}, {name: reason, type: text}]\n"
        "rows:\n"
        "  - ['>= 1000', 'Shanghai, Beijing', 10, big city]\n"
        "  - ['[500..1000)', '-', 5, middle]\n"
        "  - ['>= 1000', '-', '= amount / 200', large]\n"
    ),
}
