from __future__ import annotations

from chassis_platform.access.context import Context
from chassis_platform.records.write import create_record, update_record, delete_record, undelete_record, write_records
from chassis_tenants.database import Database


async def test_smoke(database: Database, ann: Context, rows) -> None:
    made = await create_record(database, ann, "Workshop", {"Name": "Nord", "Code": "N1", "Rating": 4.256, "Services": "Paint;Repair", "LastAudit": "2026-11-22T08:00:00.000+0800"})
    print(made)
    print(await rows("select * from tenant.workshop where id = %(id)s", id=made.id))
    print(await update_record(database, ann, "Workshop", made.id, {"Region": "north", "Rating": None}))
    print(await rows("select * from tenant.field_history"))
    v = await create_record(database, ann, "Visit", {"Workshop": {"Code": "n1"}})
    print(await rows("select * from tenant.visit"))
    print(await write_records(database, ann, "Workshop", "upsert", [{"Code": "n1", "Name": "N"}, {"Code": "n2"}, {"Code": "n3", "Name": "x"}], external_id_field="Code"))
