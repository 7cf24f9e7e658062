import time, collections
from chassis_tenants.statement import Statement
import chassis_tenants.database as d
from chassis_platform.records.write import create_record, update_record, write_records
async def test_plan(database, admin, rows, monkeypatch, owner_dsn):
    ws=[{"Name": f"Workshop {i}", "Code": f"B{i}", "Region":"North"} for i in range(20000)]
    for i in range(0,len(ws),2000):
        await write_records(database, admin, "Workshop","insert",ws[i:i+2000])
    m=await create_record(database, admin, "Workshop",{"Name":"x","Code":f"C"})
    times=collections.defaultdict(list)
    async def spy(connection, statements, *, commit=False):
        rows=[]
        for s in statements:
            t=time.perf_counter()
            c=await connection.execute(s.text, s.parameters)
            rows.append(await c.fetchall() if c.description else [])
            times[s.text[:60]].append((time.perf_counter()-t)*1000)
        if commit: 
            t=time.perf_counter()
            await connection.execute("COMMIT",prepare=False)
            times["commit"].append((time.perf_counter()-t)*1000)
        return rows
    monkeypatch.setattr(d,"_pipelined",spy)
    t=time.perf_counter()
    for i in range(100):
        await update_record(database, admin, "Workshop",m.id,{"Name":f"x{i}"})
    print((time.perf_counter()-t)*10)
    for k,v in times.items(): print(k, sum(v)/len(v), max(v), v[:3], v[-3:])
    times.clear()
    for i in range(100):
        await create_record(database, admin, "Workshop",{"Name":f"x{i}","Code":f"D{i}"})
    for k,v in times.items(): print(k, sum(v)/len(v), max(v), v[:3], v[-3:])
