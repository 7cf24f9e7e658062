"""An administrator encrypts a field that holds values, watches it, and has to mean the end of all keys."""

from __future__ import annotations

from playwright.async_api import expect

from browser.conftest import OpenDesk
from browser.dealership import lead
from browser.test_accessibility import violations
from chassis_platform.audit.keys import load_signer
from chassis_platform.automation.encryption.conversion import convert_values
from chassis_platform.key_encryption import wrapper_of
from chassis_platform.settings import Settings
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from serving import Site

BADGE = {"name": "Badge__c", "label": "Badge number", "type": "text", "length": 40, "indexed": True}


async def test_stored_values_are_encrypted_and_shown_as_before(
    open_desk: OpenDesk, site: Site, database_urls: DatabaseUrls
) -> None:
    with site.browser("admin") as client:
        assert client.post("/setup/objects/Lead/fields", json=BADGE).status_code == 201
    coded = lead(site, "admin", "Badger", Badge__c="B-4711")
    admin = await open_desk()
    await admin.sign_in("admin", to="/admin/encryption")
    await admin.click("Encrypt a field")
    question = admin.region("Encrypt a field", role="dialog")
    await admin.choose("Field", "Lead: Badge number", within=question)
    await admin.page.keyboard.press("Control+Enter")
    row = admin.page.get_by_role("row").filter(has_text="Badge__c")
    await admin.see("Stored values are being encrypted", within=row)
    await _work(site, database_urls)

    await admin.button("Store in clear", within=row).wait_for()
    await admin.see("Data key 1")
    assert await violations(admin) == []
    await admin.click("Destroy all keys…")
    destroy = admin.region("Destroy all keys", role="dialog")
    await admin.fill("Why", "We leave", within=destroy)
    await expect(admin.button("Ask for the destruction", within=destroy)).to_be_disabled()
    await admin.fill("Type “destroy” to say that you mean it", "destroy", within=destroy)
    await admin.click("Ask for the destruction", within=destroy)
    await admin.see("A second administrator has to approve this first. The request is under Setup, Four eyes.")
    with site.browser("admin") as client:
        assert client.get(f"/ui/records/{coded}").json()["values"]["Badge__c"] == "B-4711"


async def _work(site: Site, urls: DatabaseUrls) -> None:
    """What the worker does, where the server keeps its keys."""
    home = site.address.authority.parents[1]
    wrapper = wrapper_of(Settings(home=home), home)
    async with Database(urls.server, smallest=1, largest=2, wrapper=wrapper) as database:
        await convert_values(database, SnapshotStore(database), site.tenant_id, load_signer(home))
