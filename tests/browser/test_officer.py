"""Privacy officers find a person by what the person says, and erase with four eyes."""

from __future__ import annotations

from browser.conftest import OpenDesk
from browser.dealership import lead
from browser.test_accessibility import violations
from chassis_platform.audit.keys import load_signer
from chassis_platform.privacy.acts import run_act
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from serving import Site

PHONE = "13700137088"


async def test_a_person_is_found_and_erased_with_four_eyes(
    open_desk: OpenDesk, site: Site, database_urls: DatabaseUrls
) -> None:
    erased = lead(site, "consultant", "Quill", FirstName="Pat", MobilePhone=PHONE)
    officer = await open_desk()
    await officer.sign_in("officer", to="/admin/privacy/person")

    await officer.search_for("Phone number, e-mail address or Id of the person", PHONE)
    await officer.click("Choose")
    await officer.see("Emptied", within=officer.region("What is kept, and what an erasure does", role="table"))
    assert await violations(officer) == []
    await officer.click("Ask for erasure")
    question = officer.region("Ask for erasure", role="dialog")
    await officer.fill("Reason", "Asked to be forgotten", within=question)
    await officer.click("Ask for erasure", within=question)
    own = officer.page.get_by_role("row").filter(has_text="Asked to be forgotten")
    await officer.see("Waits for a colleague", within=own)
    await officer.button("Withdraw", within=own).wait_for()

    deputy = await open_desk(on_phone=True, locale="zh-CN")
    await deputy.sign_in("deputy", to="/admin/privacy")
    await deputy.click("同意Ada Okafor提出的删除申请")
    assert await violations(deputy) == []
    await deputy.click("同意并删除")
    theirs = deputy.page.get_by_role("row").filter(has_text="Asked to be forgotten")
    await deputy.see("即将开始", within=theirs)

    await _work(site, database_urls)
    await deputy.see("已完成", within=theirs)
    with site.browser("consultant") as client:
        kept = client.get(f"/ui/records/{erased}").json()["values"]
    assert kept["MobilePhone"] is None
    assert "Quill" not in str(kept)


async def _work(site: Site, urls: DatabaseUrls) -> None:
    """What the worker does, where the server keeps its keys."""
    with site.browser("officer") as client:
        [queued] = [each["id"] for each in client.get("/privacy/acts").json()["acts"] if each["status"] == "queued"]
    signer = load_signer(site.address.authority.parents[1])
    async with Database(urls.server, smallest=1, largest=2) as database:
        await run_act(database, SnapshotStore(database), signer, site.tenant_id, queued)
