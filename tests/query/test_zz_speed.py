import time, statistics, orjson, asyncio
import pytest
from world import World, make_world
import sys
sys.path.insert(0,'/work/main/tests/query')
from test_indexes import filled
from conftest import world
from chassis_platform.records import read, search
from chassis_platform.plan.listing import parse_list_request
async def test_speed(filled):
    db=filled.database
    for user in ("admin","foreman"):
        c=await filled.as_user(user)
        wid="gW1000000000100CAA"
        req=parse_list_request({"columns":["Name","Code","Region","OwnerId","Owner.Name","ParentWorkshopId","CreatedDate","Budget"],"order_by":[{"field":"CreatedDate","descending":True}]})
        req2=parse_list_request({"columns":["Name","Code","Phone","OwnerId"],"search":"8000123","order_by":[{"field":"Name"}]})
        req3=parse_list_request({"columns":["Name","Code"],"search":"1a"})
        jobs={
         "get": lambda: read.get_record(db,c,"Workshop",wid,["Name","Code","Region"]),
         "get all": lambda: read.get_record(db,c,"Workshop",wid),
         "ui record": lambda: read.record_for_ui(db,c,"Workshop",wid),
         "query 50": lambda: read.query(db,c,"SELECT Id, Name, Code, Region, Owner.Name FROM Workshop ORDER BY CreatedDate DESC LIMIT 50"),
         "query by name 50": lambda: read.query(db,c,"SELECT Id, Name, Code, Region FROM Workshop ORDER BY Name LIMIT 50"),
         "list 50": lambda: read.list_records(db,c,"Workshop",req),
         "list search": lambda: read.list_records(db,c,"Workshop",req2),
         "list search short": lambda: read.list_records(db,c,"Workshop",req3),
         "query 2000": lambda: read.query(db,c,"SELECT Id, Name, Code, Region FROM Workshop"),
         "visits 50": lambda: read.query(db,c,"SELECT Id, Name, Workshop.Name FROM Visit ORDER BY CreatedDate DESC LIMIT 50"),
        }
        for k,f in jobs.items():
            t0=time.perf_counter(); await f(); first=time.perf_counter()-t0
            ts=[]
            n=10 if "2000" in k else 40
            for _ in range(n):
                t=time.perf_counter(); b=await f(); ts.append(time.perf_counter()-t)
            print(user,k,"first %.1f ms, median %.2f ms, min %.2f"%(first*1000,statistics.median(ts)*1000,min(ts)*1000),len(b))
