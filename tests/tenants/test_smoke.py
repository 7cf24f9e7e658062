import time
async def test_all(tenant, snapshots, make_tenant, packages, database):
    s = await snapshots.of(tenant.id, tenant.metadata_version)
    assert "Workshop" in s.objects
    print(packages.keys())
    for i in range(3):
        t=time.perf_counter(); x = await make_tenant(); print("create", time.perf_counter()-t)
        t=time.perf_counter(); x = await make_tenant("garage"); print("create+garage", time.perf_counter()-t)
    for w in ("crm","automotive"):
        for i in range(3):
            try:
                t=time.perf_counter(); x = await make_tenant(w); print("create+",w, time.perf_counter()-t)
            except Exception as e: print(w, str(e)[:500])
