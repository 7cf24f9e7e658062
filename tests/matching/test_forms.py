"""What texts look like when they are compared, and which tokens they share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis_metadata.logic.matching_rule import Comparison, MatchKey, Method, Side
from chassis_platform.automation.matching.forms import likeness, normal, pinyin_of, sound_of, tokens_of
from matching_desk import wide

SUFFIXES = ("股份有限公司", "有限公司", "集团", "Co., Ltd")


def comparison(**given_keys: object) -> Comparison:
    return Comparison("F", "F", **given_keys)  # type: ignore[arg-type]


def side(*comparisons: Comparison, blank_matches: bool = False) -> Side:
    key = MatchKey("Key", "Thing", "Thing", comparisons, blank_matches)
    return Side(key, "Thing", tuple(each.field for each in comparisons))


def texts(of: Side, *values: object) -> set[str]:
    return {each.text for each in tokens_of(of, values)}


@pytest.mark.parametrize(
    "number", ["13812345678", "+86 138 1234 5678", "0086-138-1234-5678", "8613812345678", wide("13812345678")]
)
def test_a_mobile_is_the_same_however_it_is_written(number: str) -> None:
    phone = comparison(steps=("width", "digits"), country_code="86")

    assert normal(phone, number) == "13812345678"


def test_a_short_number_keeps_what_looks_like_a_country_code() -> None:
    assert normal(comparison(steps=("digits",), country_code="86"), "8612345") == "8612345"


def test_the_last_digits_can_be_all_that_counts() -> None:
    assert normal(comparison(steps=("digits",), last=8), "+86 138-1234-5678") == "12345678"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("上海明珠集团股份有限公司", "上海明珠"),
        ("Pearl Motors Co., Ltd.", "pearl motors"),
        (wide("PEARL") + "\u3000Motors", "pearl motors"),
        ("Ltdham Works", "ltdham works"),
        ("有限公司", "有限公司"),
    ],
)
def test_company_words_do_not_count(name: str, expected: str) -> None:
    assert normal(comparison(without=SUFFIXES), name) == expected


def test_accents_and_separators_can_be_dropped() -> None:
    assert normal(comparison(steps=("case", "accents", "separators")), " Jörg-Peter O'Neill ") == "jorgpeteroneill"


def test_latin_names_sound_alike() -> None:
    assert sound_of("Jon Smith") == sound_of("John Smyth")
    assert sound_of("Smith") != sound_of("Miller")
    assert sound_of("李雷") == "李雷"


def test_chinese_names_are_read_alike() -> None:
    assert pinyin_of("李雷") == pinyin_of("李蕾") == pinyin_of("Li Lei") == "lilei"
    assert pinyin_of("李雷") != pinyin_of("王雷")


def test_all_fields_of_a_key_must_agree() -> None:
    both = side(comparison(), comparison())

    assert texts(both, "Ann", "Ulm") == texts(both, " ANN ", "ulm")
    assert not texts(both, "Ann", "Ulm") & texts(both, "Ann", "Bonn")
    assert not texts(both, "Ann", "Ulm") & texts(both, "Ulm", "Ann")


def test_blank_values_match_nothing_unless_they_may() -> None:
    strict, lenient = side(comparison(), comparison()), side(comparison(), comparison(), blank_matches=True)

    assert texts(strict, "Ann", None) == set()
    assert texts(lenient, "Ann", None) == texts(lenient, "Ann", "  ") != set()
    assert texts(lenient, None, None) == set()


NAMES = st.text(alphabet="abcdeé 上海汽车明珠", min_size=1, max_size=25).filter(lambda text: text.strip() != "")


@given(one=NAMES, other=NAMES, at_least=st.sampled_from([0.5, 0.7, 0.8, 0.9, 1.0]))
def test_texts_that_are_alike_enough_always_share_a_token(one: str, other: str, at_least: float) -> None:
    alike = comparison(method=Method.SIMILAR, at_least=at_least)

    if likeness(normal(alike, one), normal(alike, other)) >= at_least:
        assert texts(side(alike), one) & texts(side(alike), other)


@given(text=st.text(max_size=40))
def test_every_text_has_a_form(text: str) -> None:
    everything = ("width", "case", "accents", "spaces", "separators")
    for method in Method:
        tokens_of(side(comparison(method=method, at_least=0.5, steps=everything, without=SUFFIXES)), [text])
