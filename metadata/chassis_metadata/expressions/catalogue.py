"""Every function of the language: its parameters, its answer, and a sentence for the reference page."""

from __future__ import annotations

from collections.abc import Mapping

from chassis_metadata.expressions.signatures import Signature, signature

_SECTIONS: dict[str, str] = {
    "Logical": """
AND(boolean, boolean*) boolean: True when all are true. Blank counts as false. Also `a && b` and `a AND b`.
OR(boolean, boolean*) boolean: True when one is true. Blank counts as false. Also `a || b` and `a OR b`.
NOT(boolean) boolean: The opposite; blank stays blank. Also `!a` and `NOT a`.
IF(!condition, then, else) first: The second value when the condition is true, else the third.
IFS(!condition, value, …, else) first: The value of the first condition that is true, else the last value.
CASE(!value, match, result, …, else) first: The result beside the first match that equals the value, else the last.
IFERROR(!value, instead) first: The value, or `instead` where the value fails.
ISBLANK(blankable) boolean: True when there is no value. A number of a formula with blanks as zeroes is never blank.
ISNULL(shown) boolean: As ISBLANK, but false for texts.
BLANKVALUE(!value, instead) first: The value, or `instead` where it is blank.
NULLVALUE(!value, instead) first: As BLANKVALUE, but texts are never replaced.
ISNUMBER(text) boolean: True when the text is a number that VALUE can read.
IN(!value, value, …) boolean: True when the first value equals one of the others. Also `x IN ("a", "b")`.
ISNEW() boolean: True while the record is being created.
ISCLONE() boolean: True while a copy is being created; copies are plain new records here, so it is false.
ISCHANGED(!field) boolean: True when the field has another value than before; false while creating.
PRIORVALUE(!field) first: The field's value before the change; while creating, its present value.
""",
    "Text": """
TEXT(!value) text: A number, date, time or picklist value as text.
VALUE(text) number: The number a text says. Fails for other texts.
LEN(text) number: How many characters.
LEFT(text, number) text: The first characters.
RIGHT(text, number) text: The last characters.
MID(text, number, number) text: So many characters from a position, counted from 1.
SUBSTR(text, number, number?) text: As MID; a negative position counts from the end.
FIND(text, text, number?) number: Where the first text begins inside the second, from a position on; else 0.
CONTAINS(text, text) boolean: True when the second text is inside the first.
BEGINS(text, text) boolean: True when the first text begins with the second.
ENDS(text, text) boolean: True when the first text ends with the second.
LIKE(text, text) boolean: True when the text fits a pattern with % and _.
REGEX(!text, pattern) boolean: True when the whole text fits the regular expression.
FORMAT(!value or text, format or values…) text: A number, date or time by a pattern; or a text with values put in.
FORMATCURRENCY(text, number) text: An amount behind its currency's code: `USD 1,234.50`.
JSONVALUE(!text, key) text: The value of a key in a text that holds a JSON object. Fails when it is no JSON.
JSONPATHVALUE(!text, path) text: What a path such as `$.a[0]` leads to in a text that holds JSON; blank without any.
SUBSTITUTE(text, text, text) text: The first text with every second text replaced by the third.
LPAD(text, number, text?) text: Filled up on the left to a length, or cut to it.
RPAD(text, number, text?) text: Filled up on the right to a length, or cut to it.
TRIM(text) text: Without spaces at both ends.
UPPER(text, text?) text: In capitals.
LOWER(text, text?) text: In small letters.
INITCAP(text) text: The first letter of each word as a capital.
REVERSE(text) text: Backwards.
ASCII(text) number: The code of the first character.
CHR(number) text: The character with this code.
HTMLENCODE(text) text: Made safe inside HTML.
JSENCODE(text) text: Made safe inside a JavaScript text.
JSINHTMLENCODE(text) text: Made safe inside a JavaScript text inside HTML.
URLENCODE(text) text: Made safe inside an address.
CASESAFEID(text) text: The 18 characters of an id of 15 or 18 characters.
BR() text: A line break in HTML.
HYPERLINK(text, shown, text?) text: A link: address, label, target.
IMAGE(text, text, number?, number?) text: A picture: address, other text, height, width.
GETSESSIONID() text: Refused: a session's key is not given to formulas.
""",
    "Picklists": """
ISPICKVAL(!field, text) boolean: True when the picklist has this value; "" asks whether it is blank.
INCLUDES(multi_picklist, text) boolean: True when the multi-select picklist has this value among others.
PICKLISTCOUNT(multi_picklist) number: How many values are chosen.
STAGE_INDEX(!field) number: The place of the picklist's value in its path, or in its list of values, from 0.
""",
    "Dates and times": """
TODAY() date: This day, in the user's time zone.
NOW() datetime: This moment.
TIMENOW() time: The time of day, in GMT.
DATE(number, number, number) date: The date of a year, month and day. Fails when there is no such day.
DATEVALUE(date_or_text) date: The day of a moment in the user's time zone, or of a text such as 2026-01-31.
DATETIMEVALUE(date_or_text) datetime: The moment of a text such as 2026-01-31 17:00:00 (GMT), or a day's beginning.
TIMEVALUE(time_or_text) time: The time of a moment (GMT), or of a text such as 17:30:00.000.
YEAR(moment) number: The year.
MONTH(moment) number: The month, 1 to 12.
DAY(moment) number: The day of the month.
DAYOFYEAR(moment) number: The day of the year.
WEEKDAY(moment) number: The day of the week, 1 for Sunday to 7 for Saturday.
ISOWEEK(moment) number: The week by ISO 8601.
ISOYEAR(moment) number: The year of that week.
HOUR(timed) number: The hour, 0 to 23.
MINUTE(timed) number: The minute.
SECOND(timed) number: The second.
MILLISECOND(timed) number: The millisecond.
ADDMONTHS(moment, number) first: So many months later; the last day of a month stays the last day.
UNIXTIMESTAMP(instant) number: Seconds since 1970, or since midnight for a time.
FROMUNIXTIME(number) datetime: The moment so many seconds after 1970.
BUSINESS_MINUTES(!start, end, hours?) number: Minutes between two moments while it is open, by business hours in quotes.
ADD_BUSINESS_MINUTES(!start, minutes, hours?) datetime: The moment so many minutes later, counted while it is open.
FORMATDURATION(!seconds or start, days or end) text: A duration as hours, minutes and seconds, with days in front.
""",
    "Mathematics": """
ABS(number) number: Without its sign.
CEILING(number) number: Rounded to a whole number, away from zero.
FLOOR(number) number: Rounded to a whole number, toward zero.
MCEILING(number) number: The next whole number above.
MFLOOR(number) number: The next whole number below.
ROUND(number, number?) number: Rounded half up to so many decimals.
TRUNC(number, number?) number: Cut to so many decimals.
MOD(number, number) number: The rest of a division, with the sign of the first number.
MAX(!number, …) number: The greatest; blank when one is blank.
MIN(!number, …) number: The least; blank when one is blank.
EXP(number) number: e to a power.
LN(number) number: The natural logarithm.
LOG(number) number: The logarithm to base 10.
SQRT(number) number: The square root.
PI() number: 3.14159…
SIN(number) number: The sine of an angle in radians.
COS(number) number: The cosine.
TAN(number) number: The tangent.
ASIN(number) number: The angle of a sine.
ACOS(number) number: The angle of a cosine.
ATAN(number) number: The angle of a tangent.
ATAN2(number, number) number: The angle of a point, from y and x.
GEOLOCATION(number, number) location: A point, from latitude and longitude.
DISTANCE(location, location, text) number: How far apart, in "km" or "mi".
""",
    "Other records": """
EXISTS(!"Object", criteria) boolean: True when a record meets the criteria.
COUNT(!"Object", criteria) number: How many records meet the criteria.
SUM(!"Object", expression, criteria) number: The sum over the records that meet the criteria; 0 without any.
AVG(!"Object", expression, criteria) number: The average over them; blank without any.
LOOKUP(!"Object", expression, criteria) first: The expression of the first of them, by Id.
SET(!"Object", expression, criteria) first: All values of the expression, or of the single values given; only after IN.
VLOOKUP(!field to return, field to search, value) first: The field of the first record whose other field has the value.
""",
}

CATALOGUE: Mapping[str, Signature] = {
    each.name: each
    for section, lines in _SECTIONS.items()
    for each in (signature(section, line) for line in lines.strip().splitlines())
}

#: The operators, which are calls of their sign in the tree.
ARITHMETIC = frozenset({"+", "-"})
NUMERIC = frozenset({"*", "/", "^", "-x", "+x"})
EQUALITY = frozenset({"=", "<>"})
ORDER = frozenset({"<", "<=", ">", ">="})
