from world import World


async def test_try(world: World) -> None:
    w = world.record("Workshop", Name="Alpha", Code="A", OwnerId=world.users["foreman"], Region="North", Phone="123", Budget=12.5, Services=["Paint", "Tyres"], City="Ulm")
    world.record("Workshop", Name="beta", Code="B", OwnerId=world.users["stranger"], Region="North", ParentWorkshopId=w)
    world.record("Workshop", Name=None, Code="C", OwnerId=world.users["stranger"], Region="South", ParentWorkshopId=w)
    v = world.record("Visit", Name="V-1", WorkshopId=w, Status="Done", Amount=3)
    import orjson
    for u in ("admin", "head", "foreman", "stranger", "clerk"):
        print(u, orjson.dumps(await world.query(u, "SELECT Id, Name, Phone, Address, Budget, CreatedDate, Services, IsActive, ParentWorkshop.Name, Owner.Name, Owner.Type, (SELECT Id, Amount FROM Visits) FROM Workshop ORDER BY Name")).decode())
    print(world.access_log())
    r = await world.query("admin", "SELECT Id, Name FROM Workshop ORDER BY Name DESC", batch_size=1)
    print(r)
    while not r["done"]:
        from chassis_platform.records.read import query_more
        r = orjson.loads(await query_more(world.database, await world.as_user("admin"), r["nextRecordsUrl"].split("/")[-1]))
        print(r)
    print(await world.query("admin", "SELECT COUNT() FROM Workshop"))
    print(await world.query("admin", "SELECT Region, COUNT(Id), MAX(Phone) p FROM Workshop GROUP BY Region HAVING COUNT(Id) > 0 ORDER BY COUNT(Id) DESC"))
