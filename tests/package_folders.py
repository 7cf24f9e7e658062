"""Small package folders for the tests of reading, checking and compiling."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chassis_metadata.components import Package
from chassis_metadata.package import read_package

Files = Mapping[str, str]

PLATFORM: Files = {
    "package.yaml": "name: platform\nlabel: Platform\nversion: 1.0.0\npublisher: chassis\n",
    "objects/User/object.yaml": (
        "label: User\nplural_label: Users\nkey_prefix: '005'\nowned: false\n"
        "name: {type: person, label: Name, last: LastName, first: FirstName}\n"
    ),
    "objects/User/fields.yaml": (
        "LastName: {type: text, label: Last name, required: true}\nFirstName: {type: text, label: First name}\n"
        "Username: {type: text, label: User name, unique: true, external_id: true}\n"
    ),
    "objects/Group/object.yaml": (
        "label: Group\nplural_label: Groups\nkey_prefix: 00G\nowned: false\nname: {type: text, label: Name}\n"
    ),
    "objects/RecordType/object.yaml": (
        "label: Record type\nplural_label: Record types\nkey_prefix: 012\nowned: false\n"
        "name: {type: text, label: Name}\n"
    ),
}

CRM: Files = {
    "package.yaml": ("name: crm\nlabel: CRM\nversion: 1.2.0\npublisher: chassis\ndepends_on:\n  platform: '>=1.0.0'\n"),
    "value_sets.yaml": "Industry: {label: Industry, values: [Car, Bank]}\n",
    "objects/Account/object.yaml": (
        "label: Account\nplural_label: Accounts\nkey_prefix: 001\nname: {type: text, label: Account name}\n"
        "compact_fields: [Phone]\n"
    ),
    "objects/Account/fields.yaml": (
        "Phone: {type: phone, label: Phone, classification: personal, mask: phone}\n"
        "Industry: {type: picklist, label: Industry, value_set: Industry, default: Car}\n"
        "BillingAddress: {type: address, label: Billing address, classification: personal, indexed: true}\n"
        "Code: {type: text, label: Code, external_id: true, unique: true}\n"
    ),
    "objects/Lead/object.yaml": (
        "label: Lead\nplural_label: Leads\nkey_prefix: 00Q\n"
        "name: {type: person, label: Name, last: LastName, first: FirstName}\n"
    ),
    "objects/Lead/fields.yaml": (
        "LastName: {type: text, label: Last name, required: true}\n"
        "FirstName: {type: text, label: First name}\n"
        "Status: {type: picklist, label: Status, values: [New, {value: Lost, default: true}]}\n"
        "AccountId: {type: lookup, label: Account, references: Account}\n"
        "DealerId: {type: lookup, label: Dealer, references: Account}\n"
        "Location: {type: geolocation, label: Location}\n"
        "Amount: {type: currency, label: Amount}\n"
        "Notes: {type: long_text, label: Notes}\n"
        "Topics: {type: multi_picklist, label: Topics, values: [A, B]}\n"
    ),
    "objects/Lead/record_types.yaml": "Personal: {label: Personal, picklists: {Status: [New]}}\n",
    "objects/Lead/paths.yaml": "LeadPath: {field: Status, stages: [{value: New}, {value: Lost, closed: true}]}\n",
    "objects/Lead/list_views.yaml": (
        "Open:\n  label: Open\n  default: true\n  columns: [Name, Account.Name, Owner.Name]\n"
        "  filters:\n    - {field: Status, operator: '!=', value: Lost}\n"
        "    - {field: CreatedDate, operator: '>=', value: 'LAST_N_DAYS:30'}\n"
        "    - {field: OwnerId, operator: '=', value: $User.Id}\n"
        "  logic: 1 AND (2 OR 3)\n  order_by: [{field: CreatedDate, descending: true}]\n"
    ),
    "objects/Account/layouts.yaml": (
        "Main:\n  sections:\n    - {label: Basics, fields: [Name, Phone]}\n"
        "  related_lists:\n    - {relationship: Leads, columns: [Name, Status]}\n"
    ),
    "apps/Sales.yaml": "label: Sales\ntabs: [home, Lead, Account]\n",
    "permission_sets/LeadUser.yaml": (
        "label: Lead user\nobjects: {Lead: [create, read, update], Account: all}\n"
        "fields: {Lead.*: edit, Lead.Amount: none}\nsystem: [ApiEnabled]\napps: [Sales]\n"
    ),
    "roles.yaml": "Top: {label: Top}\nSales: {label: Sales, parent: Top}\n",
    "queues.yaml": "Desk: {label: Desk, objects: [Lead]}\n",
    "translations/zh_CN.yaml": (
        "objects: {Lead: {label: 潜在客户, fields: {Status: {label: 状态, values: {New: 新建}}}}}\n"
        "value_sets: {Industry: {Car: 汽车}}\nsystem_fields: {CreatedDate: 创建日期}\n"
    ),
    "data/Account.yaml": "key: Code\nrecords:\n  - {Code: A, Name: Aurora, Industry: Bank}\n",
}


def write_folder(folder: Path, *layers: Files) -> Path:
    """A package folder of these files; a later layer's file replaces an earlier one's."""
    for name, text in {name: text for layer in layers for name, text in layer.items()}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def package_of(folder: Path, *layers: Files) -> Package:
    """The package that these files make."""
    return read_package(write_folder(folder, *layers))
