"""Functions that Salesforce documents and that have no sense here, each with what there is instead."""

from __future__ import annotations

from collections.abc import Mapping

LEFT_OUT: Mapping[str, str] = {
    "CURRENCYRATE": "A tenant has one currency.",
    "CONVERTCURRENCYTONUMBER": "Amounts are numbers.",
    "GETRECORDIDS": "Records that a list chose are what a flow's button runs on.",
    "IMAGEPROXYURL": "Pictures of other sites are not fetched; IMAGE shows what the page may load.",
    "INCLUDE": "There are no s-controls.",
    "JUNCTIONIDLIST": "Ids are given as lists by whoever calls.",
    "LABEL": "There are no label files; texts are translated with what they belong to.",
    "LINKTO": "HYPERLINK makes links.",
    "PARENTGROUPVAL": "Reports sum up by themselves.",
    "PREDICT": "Scores are scoring models; the field of a score can be read.",
    "PREVGROUPVAL": "Reports sum up by themselves.",
    "REQUIRESCRIPT": "Formulas bring no scripts.",
    "URLFOR": "HYPERLINK takes addresses of this site, such as /r/ and an id.",
}
