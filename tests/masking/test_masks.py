"""The masks themselves, as PostgreSQL works them out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis_metadata.fields import FieldType
from chassis_metadata.mask_texts import masked_text as in_python
from chassis_metadata.masks import HIDDEN, MASKS, Mask, read_mask
from chassis_metadata.snapshot import Field
from chassis_platform.sql.masks import masked, masked_text
from chassis_tenants.statement import compile_statement

#: What PostgreSQL can hold.
STORABLE = st.characters(codec="utf-8", exclude_characters="\0")
#: Texts of the kinds that masks are made for, and some that only look so.
LIKELY = st.one_of(
    st.sampled_from([each for kind in MASKS.values() for each in (kind.clear, kind.shown)]),
    st.text("0123456789 -+()", max_size=16),
    st.text("1386+ ", min_size=9, max_size=15),
    st.text("a@.b", max_size=9),
    st.text("欧阳司马张Lé ", max_size=6),
    st.text("浙江省市区县杭州自治路1", max_size=14),
    st.from_regex(r"[0-9]{3,5}-[0-9]{1,2}-[0-9]{2}.?", fullmatch=True, alphabet=STORABLE),
    st.from_regex(r"(\+?86)?1[0-9]{9,11}\n?", fullmatch=True),
)
TEXT_MASKS = [each.mask for each in MASKS.values()] + [Mask("keep", 2, 3, 3)]


def shown(dsn: str, mask: Mask, values: Sequence[str | None]) -> list[str | None]:
    rows = (
        sa.func.unnest(sa.bindparam("texts", type_=sa.ARRAY(sa.Text())))
        .table_valued("v", with_ordinality="place", name="r")
        .render_derived(name="r")
    )
    value = sa.type_coerce(rows.c.v, sa.Text())
    statement = compile_statement(sa.select(masked_text(mask, value)).select_from(rows).order_by(rows.c.place))
    with psycopg.connect(dsn) as connection:
        return [row[0] for row in connection.execute(statement.text.encode(), {"texts": values})]


@pytest.mark.parametrize(
    ("mask", "clear", "expected"),
    [
        *((name, kind.clear, kind.shown) for name, kind in MASKS.items() if name not in ("range", "location")),
        ("phone", "+86 138-1234-5678", "138****5678"),
        ("phone", "010-12345678", "010******78"),
        ("phone", "0755 8123 4567", "0755******67"),
        ("phone", "12345", "1****"),
        ("phone", "11", "***"),
        ("email", "a@b.cn", "***@b.cn"),
        ("email", "nobody", HIDDEN),
        ("name", "张三", "张*"),
        ("name", "欧阳", "欧*"),
        ("name", "司马懿", "司马*"),
        ("name", "三", "*"),
        ("name", "Anna Meyer", "A***"),
        ("name", "Bo", "***"),
        ("plate", "京AD12345", "京A****45"),
        ("id_number", "12345678", "12******"),
        ("address", "上海市浦东新区世纪大道100号", "上海市***"),
        ("address", "1 Main Street, Springfield", HIDDEN),
        ("year", "1985-06-30", "1985"),
        ("year", "1985", HIDDEN),
        ("all", "", HIDDEN),
    ],
)
def test_a_named_mask_leaves_what_it_says(server_dsn: str, mask: str, clear: str, expected: str) -> None:
    assert shown(server_dsn, MASKS[mask].mask, [clear]) == [expected]


def test_a_pattern_keeps_the_characters_it_names(server_dsn: str) -> None:
    mask = read_mask({"keep_first": 2, "keep_last": 2})
    assert mask is not None

    assert shown(server_dsn, mask, ["AB-123-YZ", "AB12", None]) == ["AB*****YZ", "A***", None]


@pytest.mark.parametrize("mask", TEXT_MASKS, ids=lambda each: each.name)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(STORABLE), max_size=20))
def test_a_mask_of_any_text_is_no_value_and_never_fails(server_dsn: str, mask: Mask, texts: list[str]) -> None:
    answers = shown(server_dsn, mask, [*texts, None])

    assert answers.pop() is None
    for text, answer in zip(texts, answers, strict=True):
        assert answer is not None
        assert "*" in answer
        assert answer != text or set(text) <= {"*", "@"}
    assert answers == [in_python(mask, each) for each in texts]


@pytest.mark.parametrize("mask", TEXT_MASKS, ids=lambda each: each.name)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(LIKELY, max_size=20))
def test_what_is_encrypted_is_masked_alike_in_python(server_dsn: str, mask: Mask, texts: list[str]) -> None:
    assert [in_python(mask, each) for each in texts] == shown(server_dsn, mask, texts)


@pytest.mark.parametrize("mask", [each for each in TEXT_MASKS if each.keep_first or each.keep_last], ids=str)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text("0123456789ABCXYZ京沪"), max_size=20))
def test_a_short_value_shows_at_most_a_third_of_itself(server_dsn: str, mask: Mask, texts: list[str]) -> None:
    usual = mask.keep_first + mask.keep_last + mask.least_hidden
    short = [each for each in texts if len(each) < min(usual, 10)]

    for text, answer in zip(short, shown(server_dsn, mask, list(short)), strict=True):
        assert answer is not None
        assert len(answer.replace("*", "")) * 3 <= len(text)


@pytest.mark.parametrize(
    ("number", "band"),
    [
        ("0", "0-1000"),
        ("999.99", "0-1000"),
        ("1000", "1000-2000"),
        ("123456", "100000-200000"),
        ("50000", "50000-100000"),
        ("-2500.5", "-2000--5000"),
        ("99999999999999", "50000000000000-100000000000000"),
    ],
)
def test_an_amount_is_shown_as_its_band(server_dsn: str, number: str, band: str) -> None:
    field = Field(object_name="Loan", name="Amount", type=FieldType.CURRENCY, label="Amount", column="amount")
    value = sa.cast(sa.bindparam("number", type_=sa.Numeric()), sa.Numeric())
    shape = masked(field, MASKS["range"].mask, value)
    assert shape is not None
    statement = compile_statement(sa.select(shape))

    with psycopg.connect(server_dsn) as connection:
        [row] = connection.execute(statement.text.encode(), {"number": Decimal(number)}).fetchall()

    assert row == (band,)


@pytest.mark.parametrize("kind", [FieldType.CHECKBOX, FieldType.LOOKUP, FieldType.TIME])
def test_a_type_that_no_text_stands_for_shows_nothing(kind: FieldType) -> None:
    field = Field(object_name="Loan", name="Thing", type=kind, label="Thing", column="thing")

    assert masked(field, MASKS["all"].mask, sa.column("thing")) is None
