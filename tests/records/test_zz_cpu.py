import time, os, pathlib, subprocess
from chassis_platform.records.write import write_records
from chassis_platform.plan.numbering import numberings
HZ=os.sysconf("SC_CLK_TCK")
def backends(dsn):
    import psycopg
    with psycopg.connect(dsn) as c:
        pids=[r[0] for r in c.execute("select pid from pg_stat_activity where usename='chassis_server' and datname=current_database()")]
    t=0
    for p in pids:
        s=pathlib.Path(f"/proc/{p}/stat").read_text().rsplit(")",1)[1].split()
        t+=(int(s[11])+int(s[12]))/HZ
    return t
async def run(database, context, obj, rows_, op, dsn, label, db):
    c=time.process_time(); b=backends(dsn); t=time.perf_counter()
    ids=[]
    for i in range(0,len(rows_),2000):
        r=await write_records(database, context, obj, op, rows_[i:i+2000])
        assert all(x.success for x in r), r[0]
        ids+=[x.id for x in r]
    n=len(rows_); cc=(time.process_time()-c)/n*1e6; bb=(backends(dsn)-b)/n*1e6
    print(f"\n{label}: wall {n/(time.perf_counter()-t):.0f}/s client {cc:.0f} us backend {bb:.0f} us -> idle serial {1e6/(cc+bb):.0f}/s")
    return ids
async def test_cpu(database, admin, rows, superuser_dsn):
    ws=[{"Name": f"Workshop {i}", "Code": f"B{i}", "Region":"North","Rating": 3.5, "Budget": 1000.5, "Services":"Repair;Paint","OpenedOn":"2020-01-02","LastAudit":"2026-11-22T08:00:00.000+0800","Email":f"a{i}@b.example","Phone":"+49 123","Website":"https://x.example","Notes":"hello "*20} for i in range(50000)]
    ids=await run(database,admin,"Workshop",ws,"insert",superuser_dsn,"workshop insert", database)
    await run(database,admin,"Workshop",[{"Id":i,"Region":"South","Budget":7} for i in ids],"update",superuser_dsn,"workshop update", database)
    cs=[{"LastName":f"Lee {i}","FirstName":"Ann","Email":f"x{i}@y.example"} for i in range(20000)]
    ids2=await run(database,admin,"Customer",cs,"insert",superuser_dsn,"customer insert", database)
    vs=[{"WorkshopId":ids[i],"CustomerId":ids2[i],"Amount":5.5} for i in range(20000)]
    ids3=await run(database,admin,"Visit",vs,"insert",superuser_dsn,"visit insert", database)
    await run(database,admin,"Visit",[{"Id":i} for i in ids3],"delete",superuser_dsn,"visit delete", database)
