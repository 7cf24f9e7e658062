"""The named masks: what is left of a value for those who may not see it in clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: What stands for a text of which nothing is shown.
HIDDEN = "******"
#: Family names of two characters: the mask of a name leaves them whole.
COMPOUND_FAMILY_NAMES = (
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "长孙", "宇文", "司徒", "司空",
    "夏侯", "端木", "南宫", "独孤", "轩辕", "钟离", "赫连", "澹台", "申屠", "闻人", "太史", "濮阳", "淳于", "单于",
    "仲孙", "百里", "东郭", "西门", "呼延", "拓跋", "万俟", "公羊", "宗政", "公冶", "鲜于", "闾丘", "亓官", "司寇",
    "巫马", "公西", "漆雕", "乐正", "宰父", "谷梁", "段干", "梁丘", "左丘", "第五", "达奚", "褚师", "纳兰", "完颜",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mask:
    """A mask by name. `keep_first`, `keep_last`: characters shown of a value with at least `least_hidden` others."""

    name: str
    keep_first: int = 0
    keep_last: int = 0
    least_hidden: int = 3


@dataclass(frozen=True, slots=True)
class MaskKind:
    """A named mask as it is documented: what it is for, and an example."""

    mask: Mask
    description: str
    clear: str
    shown: str


MASKS: Mapping[str, MaskKind] = {
    each.mask.name: each
    for each in (
        MaskKind(Mask("all"), "Nothing is shown.", "4F-77-A1", HIDDEN),
        MaskKind(
            Mask("phone", 3, 4, 4),
            "First 3 and last 4 digits; of a landline the area code and the last 2.",
            "13812345678",
            "138****5678",
        ),
        MaskKind(Mask("email"), "First letter and domain.", "anna@example.com", "a***@example.com"),
        MaskKind(
            Mask("name"), "The family name of a Chinese name; the first letter of any other.", "欧阳娜娜", "欧阳**"
        ),
        MaskKind(
            Mask("id_number", 3, 4, 7), "First 3 and last 4 characters.", "330102199001011234", "330***********1234"
        ),
        MaskKind(Mask("plate", 2, 2, 3), "First 2 and last 2 characters.", "京A12345", "京A***45"),
        MaskKind(Mask("serial_tail", 0, 8, 9), "Last 8 characters.", "LSVAA4187E2123456", "*********E2123456"),
        MaskKind(Mask("serial_tail_6", 0, 6, 11), "Last 6 characters.", "LSVAA4187E2123456", "***********123456"),
        MaskKind(Mask("bank_card", 0, 4, 8), "Last 4 digits.", "6222021234567890", "************7890"),
        MaskKind(
            Mask("address"),
            "Of an address field its city, state and country; of a text what leads up to the city.",
            "浙江省杭州市文三路1号",
            "浙江省杭州市***",
        ),
        MaskKind(Mask("year"), "The year of a date.", "1985-06-30", "1985"),
        MaskKind(Mask("location"), "Coordinates to one decimal, a text up to the city.", "31.2304", "31.2"),
        MaskKind(Mask("range"), "The band that an amount lies in.", "123456", "100000-200000"),
    )
}
#: What fields of earlier packages call masks.
_ALIASES = {
    "addr": "address",
    "birth": "year",
    "idno": "id_number",
    "loc": "location",
    "sec": "all",
    "social": "all",
}
MASK_NAMES = frozenset(MASKS) | frozenset(_ALIASES)
ALL = MASKS["all"].mask


def mask_named(name: str) -> Mask | None:
    """The mask of that name; None where there is none."""
    kind = MASKS.get(_ALIASES.get(name, name))
    return None if kind is None else kind.mask


def read_mask(body: str | Mapping[str, Any]) -> Mask | None:
    """A mask as a definition writes it: a name, or a pattern such as {keep_first: 2, keep_last: 2}."""
    if isinstance(body, str):
        return mask_named(body)
    first, last = body.get("keep_first", 0), body.get("keep_last", 0)
    return Mask("keep", first, last, max(3, (first + last) // 2))
