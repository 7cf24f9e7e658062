import time, cProfile, pstats, os
from chassis_platform.records.write import write_records
async def test_bench(database, admin, rows):
    ws=[{"Name": f"Workshop {i}", "Code": f"B{i}-{id(database)%10**9}", "Region":"North","Rating": 3.5, "Budget": 1000.5, "Services":"Repair;Paint","OpenedOn":"2020-01-02","LastAudit":"2026-11-22T08:00:00.000+0800","Email":f"a{i}@b.example","Phone":"+49 123","Website":"https://x.example","Notes":"hello "*20,"AddressStreet":"x"} for i in range(20000)]
    f={n.lower():n for n in admin.snapshot.objects["Workshop"].fields}
    for w in ws:
        w[f.get("addressstreet") or f["street"]]=w.pop("AddressStreet")
    pr=cProfile.Profile() if os.environ.get("PROF") else None
    t=time.perf_counter(); c=time.process_time()
    if pr: pr.enable()
    for i in range(0,len(ws),2000):
        r=await write_records(database, admin, "Workshop","insert",ws[i:i+2000])
        assert all(x.success for x in r), r[0]
    if pr: pr.disable(); pstats.Stats(pr).sort_stats("tottime").print_stats(25)
    d=time.perf_counter()-t
    print("\nINSERT/s",len(ws)/d,"cpu client us/rec",(time.process_time()-c)/len(ws)*1e6, "load", os.getloadavg())
    ids=[x[0] for x in await rows("select id from tenant.workshop where not is_deleted limit 20000")]
    t=time.perf_counter()
    for i in range(0,len(ids),2000):
        r=await write_records(database, admin, "Workshop","update",[{"Id":x,"Region":"South","Budget":5} for x in ids[i:i+2000]])
        assert all(x.success for x in r), r[0]
    d=time.perf_counter()-t
    print("UPDATE/s",len(ids)/d)
    t=time.perf_counter()
    for i in range(0,len(ids),2000):
        r=await write_records(database, admin, "Workshop","delete",[{"Id":x} for x in ids[i:i+2000]])
        assert all(x.success for x in r), r[0]
    print("DELETE/s",len(ids)/(time.perf_counter()-t))
    from chassis_platform.records.write import create_record, update_record
    t=time.perf_counter()
    for i in range(300):
        m=await create_record(database, admin, "Workshop",{"Name":"x","Code":f"C{i}{id(database)%10**9}"})
    print("single create ms",(time.perf_counter()-t)/300*1000)
    t=time.perf_counter()
    for i in range(300):
        await update_record(database, admin, "Workshop",m.id,{"Name":f"x{i}"})
    print("single update ms",(time.perf_counter()-t)/300*1000)


async def test_unprepared(server_dsn, admin, rows):
    from chassis_tenants.database import Database
    async with Database(server_dsn, smallest=1, largest=5, prepared=False) as db:
        await test_bench(db, admin, rows)
