"""What the operator does on the command line: tenants with an administrator, packages, tokens, verification."""

from __future__ import annotations

import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest

from chassis_metadata.errors import Conflict, Invalid, NotFound
from chassis_platform.auth.sign_in import Caller, sign_in
from chassis_platform.operator import (
    NewTenant,
    explain_access,
    install_package,
    issue_token,
    operator_context,
    provision_tenant,
    tenants_with_packages,
    user_of_tenant,
    verify_journals,
    who_sees,
)
from chassis_platform.settings import Settings
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Binding, Database
from chassis_tenants.registry import tenant_by_name
from chassis_tenants.statement import Statement


def new_tenant() -> NewTenant:
    name = f"t{uuid.uuid4().hex[:10]}"
    return NewTenant(name, name.title(), f"admin@{name}.example", "zh_CN", "Asia/Shanghai", "CNY")


async def test_a_tenants_first_administrator_can_sign_in_and_holds_every_right(
    database: Database, urls: DatabaseUrls
) -> None:
    made = await provision_tenant(database, urls.owner, new_tenant())

    caller = Caller(None, None, "test", "api")
    signed_in = await sign_in(database, Settings(), made["username"], made["password"], caller)
    assert signed_in.token.startswith(made["organization_id"])


async def test_a_username_that_is_taken_makes_no_tenant(database: Database, urls: DatabaseUrls) -> None:
    first = new_tenant()
    await provision_tenant(database, urls.owner, first)
    second = NewTenant("other-name", "Other", first.administrator)

    with pytest.raises(Conflict):
        await provision_tenant(database, urls.owner, second)

    assert await tenant_by_name(database, second.name) is None


async def test_an_installed_package_is_listed(database: Database, urls: DatabaseUrls) -> None:
    wanted = new_tenant()
    await provision_tenant(database, urls.owner, wanted)
    tenant = await tenant_by_name(database, wanted.name)
    assert tenant is not None

    seconds = await install_package(database, tenant, "garage", None)

    listed = {each.name: packages for each, packages in await tenants_with_packages(database)}
    assert 0 < seconds < 5
    assert listed[wanted.name] == ["garage 1.0.0", "platform 1.6.0"]
    context = await operator_context(database, tenant, None)
    assert context.policy.on("Workshop").modify_all


async def test_a_token_is_a_session_that_the_login_history_shows(database: Database, urls: DatabaseUrls) -> None:
    wanted = new_tenant()
    made = await provision_tenant(database, urls.owner, wanted)
    tenant = await tenant_by_name(database, wanted.name)
    assert tenant is not None

    token = await issue_token(database, Settings(), made["username"])

    [history, sessions] = await database.read(
        Binding(tenant.id),
        Statement("SELECT application, status FROM tenant.login_history WHERE tenant_id = %(id)s", {"id": tenant.id}),
        Statement("SELECT kind FROM chassis.session WHERE tenant_id = %(id)s", {"id": tenant.id}),
    )
    assert token.startswith(f"{made['organization_id']}!")
    assert history == [("chassis token", "Success")]
    assert sessions == [("command_line",)]
    with pytest.raises(NotFound):
        await issue_token(database, Settings(), "nobody@nowhere.example")


async def test_why_and_who_are_told_on_the_command_line(database: Database, urls: DatabaseUrls) -> None:
    wanted = new_tenant()
    made = await provision_tenant(database, urls.owner, wanted)
    tenant = await tenant_by_name(database, wanted.name)
    assert tenant is not None
    user_id = await user_of_tenant(database, tenant, made["username"])

    told = await explain_access(database, tenant, user_id, made["username"])
    seeing = await who_sees(database, tenant, user_id)

    assert (told["object"], told["refusal"]) == ("User", None)
    assert {each["username"]: each["grants"] for each in seeing["users"]}[made["username"]] == told["grants"] != []
    with pytest.raises(Invalid):
        await who_sees(database, tenant, "005")


async def test_a_journal_that_nobody_touched_is_intact(database: Database, urls: DatabaseUrls, tmp_path: Path) -> None:
    wanted = new_tenant()
    await provision_tenant(database, urls.owner, wanted)

    [report] = await verify_journals(database, SimpleNamespace(urls=urls, home=tmp_path), wanted.name)

    assert report["intact"]
    assert report["findings"] == []
    assert wanted.name in report["summary"]
    with pytest.raises(NotFound):
        await verify_journals(database, SimpleNamespace(urls=urls, home=tmp_path), "nobody")
