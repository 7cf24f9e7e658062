"""Formulas over the records of a tenant: parents, other records, change, the user, settings, declared functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.scope import Scope
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows, formula_parameters
from chassis_tenants import storage
from chassis_tenants.database import Binding, Database
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import compile_statement
from world import World, make_world

NOW = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)


class Formulas:
    """Computes a formula over one record, as `owner`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def of(
        self,
        object_name: str,
        record_id: str,
        formula: str,
        *,
        prior: str | None = None,
        blanks_as: str = "blank",
        **how: Any,
    ) -> Any:
        snapshot = self.world.snapshot
        obj = snapshot.objects[object_name]
        scope = Scope(snapshot, obj, has_prior=True)
        expression = type_expression(formula, scope, blanks_as=blanks_as)
        row = storage.tenant_view(obj).alias("r")
        before = storage.tenant_view(obj).alias("p") if prior is not None else None
        compiled = compile_expression(expression, Rows(snapshot, obj, row, prior=before))
        failed = sa.false() if compiled.failed is None else compiled.failed
        query = sa.select(compiled.value, failed).where(row.c.id == record_id)
        if before is not None:
            query = query.where(before.c.id == prior)
        parameters = formula_parameters(
            NOW, how.get("zone", "UTC"), how.get("user"), how.get("permissions", ()), {"name": "Acme"}
        )
        statement = compile_statement(query).bind(tenant_id=self.world.tenant.id, **parameters)
        [[(value, has_failed)]] = await self.world.database.read(Binding(self.world.tenant.id), statement)
        return "failed" if has_failed else _plain(value)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


@pytest.fixture(scope="module")
async def formulas(owner_dsn: str, database: Database, snapshots: SnapshotStore, make_tenant: Any) -> Formulas:
    tenant = await make_tenant("crm")
    return Formulas(await make_world(owner_dsn, database, snapshots, tenant))


@pytest.fixture(scope="module")
def ids(formulas: Formulas) -> Mapping[str, str]:
    world = formulas.world
    boss = world.user("boss")
    owner = world.user("owner", time_zone="Asia/Shanghai")
    world.sql('UPDATE data."user" SET manager_id = %s WHERE id = %s', boss, owner)
    account = world.record("Account", Name='O\'Hara "Sons"', OwnerId=owner, Phone="13800000000")
    other = world.record("Account", Name="Other", OwnerId=owner, Phone="139")
    contact = world.record("Contact", LastName="Li", Name="Li", AccountId=account)
    lonely = world.record("Contact", LastName="Wu", Name="Wu")
    for amount, stage in ((10, "New"), (30, "Closed"), (None, "New")):
        world.record("Opportunity", Name=f"O{amount}", AccountId=account, Amount=amount, StageName=stage, OwnerId=owner)
    world.record("Opportunity", Name="gone", AccountId=account, Amount=500, deleted=True, OwnerId=owner)
    return {
        "boss": boss,
        "owner": owner,
        "account": account,
        "other": other,
        "contact": contact,
        "lonely": lonely,
    }


async def test_a_path_reads_over_parents_and_is_blank_without_one(formulas: Formulas, ids: Mapping[str, str]) -> None:
    assert await formulas.of("Contact", ids["contact"], "Account.Name") == 'O\'Hara "Sons"'
    assert await formulas.of("Contact", ids["contact"], "account.owner.manager.name") == "boss"
    assert await formulas.of("Contact", ids["lonely"], "Account.Owner.Name") is None
    assert await formulas.of("Contact", ids["contact"], "Account.Owner:User.Name") == "owner"


async def test_quotes_in_a_literal_are_data(formulas: Formulas, ids: Mapping[str, str]) -> None:
    formula = """Account.Name = "O'Hara \\"Sons\\"" """
    assert await formulas.of("Contact", ids["contact"], formula) is True
    attack = "\"'); DROP TABLE data.contact; --\" & '%(tenant_id)s %s {0} :x'"
    assert (
        await formulas.of("Contact", ids["contact"], attack) == "'); DROP TABLE data.contact; --%(tenant_id)s %s {0} :x"
    )


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('EXISTS("Opportunity", AccountId = $This.Id)', True),
        ('EXISTS("Opportunity", AccountId = $This.Id AND Amount > 100)', False),
        ('EXISTS("opportunity", AccountId = $This.Id AND NOT (Amount = NULL) AND StageName IN ("Closed", "x"))', True),
        ('EXISTS("Opportunity", AccountId = $This.Id AND Amount = NULL AND StageName = "New")', True),
        ('COUNT("Opportunity", AccountId = $This.Id)', 3),
        ('SUM("Opportunity", Amount, AccountId = $This.Id)', 40),
        ('SUM("Opportunity", Amount, AccountId = "nobody")', 0),
        ('AVG("Opportunity", Amount, AccountId = $This.Id)', 20),
        ('AVG("Opportunity", Amount, AccountId = "nobody")', None),
        ('MIN("Opportunity", Amount, AccountId = $This.Id)', 10),
        ('MAX("Opportunity", Amount, AccountId = $This.Id)', 30),
        ('LOOKUP("Opportunity", Amount, AccountId = $This.Id && Name = "O30")', 30),
        ('Id IN SET("Opportunity", AccountId, Amount > 5)', True),
        ('Id IN SET("x", SET("Opportunity", AccountId, Amount > 50))', "unknown"),
        ('"x" IN SET("Opportunity", AccountId, TRUE)', False),
        ('COUNT("Opportunity", 1 / Amount > 0 && AccountId = $This.Id)', 2),
        ('EXISTS("Contact", AccountId = $This.Id AND EXISTS("Opportunity", AccountId = $This.Id))', True),
        ('VLOOKUP(Account.Phone, $ObjectType.Account.Fields.Name, "Other")', "139"),
    ],
)
async def test_other_records_are_asked(formulas: Formulas, ids: Mapping[str, str], formula: str, expected: Any) -> None:
    if expected == "unknown":
        with pytest.raises(Invalid, match="There is no object 'x'"):
            await formulas.of("Account", ids["account"], formula)
        return
    assert await formulas.of("Account", ids["account"], formula) == expected


async def test_a_change_is_seen(formulas: Formulas, ids: Mapping[str, str]) -> None:
    before = {"prior": ids["other"]}
    assert await formulas.of("Account", ids["account"], "ISCHANGED(Name)", **before) is True
    assert await formulas.of("Account", ids["account"], "ISCHANGED(OwnerId)", **before) is False
    assert await formulas.of("Account", ids["account"], "PRIORVALUE(Name) & $Old.Name", **before) == "OtherOther"
    assert await formulas.of("Account", ids["account"], "ISNEW()", **before) is False
    assert await formulas.of("Account", ids["account"], "ISNEW() AND NOT(ISCHANGED(Name))") is True
    assert await formulas.of("Account", ids["account"], "PRIORVALUE(Name) = Name") is True


async def test_the_user_settings_and_the_clock_are_run_time_values(formulas: Formulas, ids: Mapping[str, str]) -> None:
    account = ids["account"]
    assert await formulas.of("Account", account, "$User.Id", user=ids["owner"]) == ids["owner"]
    assert await formulas.of("Account", account, "$User.Manager.Name", user=ids["owner"]) == "boss"
    assert await formulas.of("Account", account, "$Organization.Name") == "Acme"
    assert await formulas.of("Account", account, "TODAY()") == "2026-01-31"
    assert await formulas.of("Account", account, "TODAY()", zone="Asia/Shanghai") == "2026-02-01"
    assert await formulas.of("Account", account, "DAY(DATEVALUE(NOW()))", zone="Asia/Shanghai") == 1


async def test_a_record_type_is_known_by_its_name(formulas: Formulas, ids: Mapping[str, str]) -> None:
    assert await formulas.of("Account", ids["account"], 'RecordType.DeveloperName = "Dealer"') is False
    assert await formulas.of("Contact", ids["contact"], "ISBLANK(Account.RecordType.Name)") is True


async def test_a_failing_formula_says_so_and_has_no_value(formulas: Formulas, ids: Mapping[str, str]) -> None:
    assert await formulas.of("Account", ids["account"], "1 / LEN(PersonEmail)") == "failed"
    assert await formulas.of("Account", ids["account"], "IFERROR(1 / LEN(PersonEmail), -1)") == -1


async def test_dependencies_are_told(formulas: Formulas) -> None:
    snapshot = formulas.world.snapshot
    scope = Scope(snapshot, snapshot.objects["Contact"], has_prior=True)
    formula = 'AND(ISCHANGED(LastName), Account.Name = "x", EXISTS("Opportunity", AccountId = $This.AccountId))'
    expression = type_expression(formula, scope)
    assert expression.fields == {"LastName", "AccountId"}
    assert expression.paths == {"LastName", "AccountId.Name", "AccountId", "Opportunity.AccountId"}
    assert expression.objects == {"Account", "Opportunity"}
    assert expression.uses_prior
    assert not expression.is_deterministic
    assert type_expression("LEN(LastName) > 2", scope).is_deterministic
    assert not type_expression("ISBLANK(TODAY())", scope).is_deterministic
    assert hash(expression) == hash(type_expression(formula, scope))
