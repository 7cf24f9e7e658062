import time, resource, asyncio
from datetime import timedelta
from chassis_platform.audit.seal import seal_journal
from chassis_platform.audit.keys import load_signer, trusted_keys
from chassis_platform.audit.verify import verify
from chassis_tenants.statement import Statement
import psycopg
FILL = """INSERT INTO data.access_log (tenant_id,id,name,object_name,record_ids,fields,record_count,door,created_date,source_ip)
 SELECT %s, 'A'||lpad(i::text,12,'0')||%s, 'x','Contact', array(select '003'||lpad((i+k)::text,15,'0') from generate_series(1,25) k), array['Phone','Email'], 25,'list', now()-interval '10 s' - (i||' microseconds')::interval, '10.0.0.1' FROM generate_series(1,%s) i"""
async def test_speed(make_tenant, database, owner_dsn, tmp_path):
    tenant = await make_tenant()
    signer = load_signer(tmp_path)
    for n, run in ((10_000,'a'),(10_000,'b'),(200_000,'c'),(10_000,'d')):
        with psycopg.connect(owner_dsn, autocommit=True) as c: c.execute(FILL,[tenant.id,run,n]); 
        t=time.perf_counter(); 
        while True:
            s=await seal_journal(database, tenant, signer, overlap=timedelta(hours=3))
            if s is None or s.is_complete: break
        print("seal",n,round(time.perf_counter()-t,2),"s; rss MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss//1024)
    t=time.perf_counter(); s=await seal_journal(database, tenant, signer, overlap=timedelta(hours=3)); print("nothing, deep", round(time.perf_counter()-t,3), s)
    t=time.perf_counter(); s=await seal_journal(database, tenant, signer); print("nothing", round(time.perf_counter()-t,3), s)
    t=time.perf_counter(); r=await asyncio.to_thread(verify, owner_dsn, tenant, trusted_keys(tmp_path)); print("verify", round(time.perf_counter()-t,2), r.summary, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss//1024)
    # many tenants
    with psycopg.connect(owner_dsn, autocommit=True) as c:
        c.execute("INSERT INTO chassis.tenant (organization_id,name,label) SELECT 'o'||i,'n'||i,'l' FROM generate_series(1,10000) i")
        c.execute("INSERT INTO chassis.audit_seal SELECT t.id, q, now(), now(), 1, '', '', '', '' FROM chassis.tenant t, generate_series(1,10) q WHERE name like 'n%'")
        c.execute("ANALYZE")
    from chassis_platform.worker.schedule import queue_seal_jobs, queue_periodic_jobs
    for _ in range(3):
        t=time.perf_counter(); n=await queue_seal_jobs(database); print("queue_seal 10k tenants", round(time.perf_counter()-t,3), n)
    for _ in range(2):
        t=time.perf_counter(); n=await queue_periodic_jobs(database); print("queue_periodic 10k tenants", round(time.perf_counter()-t,3), n)
    from chassis_platform.worker.jobs import claim
    for _ in range(4):
        t=time.perf_counter(); n=await claim(database, most=8, lease_seconds=60); print("claim of 30k waiting", round(time.perf_counter()-t,4), len(n))
