"""What is wrong is said in the language of whoever reads it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chassis_metadata.package import read_package
from chassis_platform.api.messages import START, catalogue_of
from chassis_tenants.bootstrap import DatabaseUrls
from serving import ROOT, Address, Person, Site, make_site

CHINESE = {"language": "zh_CN"}
VALUE = re.compile(r"\{\w+\}")
#: Less of a sentence than this could be said anywhere.
FEWEST = 8


@pytest.fixture(scope="module")
async def bilingual(urls: DatabaseUrls, address: Address) -> Site:
    people = [
        Person("li", ("AutoLeadUser",), {**CHINESE, "last_name": "李", "first_name": "明"}),
        Person("admin", ("SystemAdministrator",), CHINESE),
    ]
    return await make_site(urls, address, "bilingual", people, packages=("automotive",))


@pytest.fixture
def li(bilingual: Site) -> Iterator[httpx.Client]:
    with bilingual.browser("li") as client:
        yield client


def made(client: httpx.Client, **values: object) -> httpx.Response:
    return client.post(
        "/ui/objects/Lead/records", json={"values": {"LastName": "王", "Email": "w@x.example", **values}}
    )


def said(answer: httpx.Response) -> str:
    return str(answer.json()[0]["message"])


def test_a_missing_value_is_told_by_the_label_of_its_field(li: httpx.Client) -> None:
    assert said(made(li, LastName=None)) == "请填写：姓"


def test_a_text_that_is_too_long_is_told_with_its_limit(li: httpx.Client) -> None:
    assert said(made(li, LastName="长" * 200)) == "姓：内容过长，最多 80 个字符。"


def test_a_value_that_is_none_of_the_choices_is_named(li: httpx.Client) -> None:
    assert said(made(li, Status="Odd")).endswith("：不能选择“Odd”。")


def test_what_is_not_there_is_told(li: httpx.Client) -> None:
    assert said(li.get("/ui/records/00Q000000000000EAA")) == "记录不存在，或您无权查看。"


def test_what_one_may_not_do_is_told(li: httpx.Client) -> None:
    assert said(li.get("/setup/users")) == "此操作需要权限 ManageUsers。"


def test_a_record_that_somebody_else_saved_is_told(li: httpx.Client) -> None:
    lead = made(li).json()["id"]
    li.patch(f"/ui/records/{lead}", json={"values": {"City": "武汉"}})
    answer = li.patch(f"/ui/records/{lead}", json={"values": {"City": "上海"}}, headers={"if-match": '"1"'})
    assert answer.status_code == 412
    assert said(answer) == "此记录刚刚被他人保存过，请重新加载后再试。"


def test_the_rest_api_answers_in_the_users_language_too(bilingual: Site) -> None:
    with bilingual.partner("li") as partner:
        answer = partner.post("sobjects/Lead", json={"Email": "a@x.example"})
    assert answer.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert said(answer) == "请填写：姓"


def test_a_request_may_ask_for_another_language(li: httpx.Client) -> None:
    values = {"values": {"Email": "w@x.example"}}
    answer = li.post("/ui/objects/Lead/records?language=en_US", json=values)
    assert said(answer) == "Required fields are missing: [LastName]"


def test_who_cannot_sign_in_is_told_in_the_browsers_language(bilingual: Site) -> None:
    wrong = {"username": bilingual.username("li"), "password": "wrong"}
    answer = httpx.post(f"{bilingual.url}/ui/session", json=wrong, headers={"accept-language": "zh-CN,zh;q=0.9"})
    assert answer.status_code == 401
    assert said(answer) == "用户名或密码不正确，或用户已被锁定。"
    english = httpx.post(f"{bilingual.url}/ui/session", json=wrong, headers={"accept-language": "en-GB"})
    assert said(english).startswith("Invalid username")


def test_what_is_not_translated_is_said_in_english(bilingual: Site) -> None:
    with bilingual.browser("admin") as admin:
        answer = admin.post("/setup/objects", json={"name": "Loan_Car", "label": "Loan car", "plural_label": "Loans"})
    assert answer.status_code == 400
    assert "Loan_Car" in answer.text


def translated_sentences() -> Iterator[str]:
    """Every English sentence that the platform's catalogue knows."""
    [chinese] = [each for each in read_package(ROOT / "packages/platform").translations if each.language == "zh_CN"]
    for key in chinese.texts:
        code, _, english = key.removeprefix(START).partition(".")
        if key.startswith(START) and english:
            assert code in catalogue_of(chinese.texts)
            yield english


def sentences_in_the_code() -> Iterator[re.Pattern[str]]:
    """Every text of the server, with anything in the place of its values."""
    for file in (each for layer in ("metadata", "tenants", "platform") for each in Path(ROOT / layer).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            fixed = [each.value if isinstance(each, ast.Constant) else None for each in parts]
            if sum(len(each) for each in fixed if isinstance(each, str)) >= FEWEST:
                yield re.compile("".join(re.escape(each) if isinstance(each, str) else ".*" for each in fixed))


def test_every_translated_sentence_is_still_said_somewhere() -> None:
    said_somewhere = list(sentences_in_the_code())
    forgotten = [
        sentence
        for sentence in translated_sentences()
        if not any(each.fullmatch(VALUE.sub("x", sentence)) for each in said_somewhere)
    ]
    assert forgotten == []


def test_every_value_of_a_translation_is_in_its_sentence() -> None:
    [chinese] = [each for each in read_package(ROOT / "packages/platform").translations if each.language == "zh_CN"]
    unknown = [
        key
        for key, text in chinese.texts.items()
        if key.startswith(START) and not set(VALUE.findall(text)) <= set(VALUE.findall(key))
    ]
    assert unknown == []
