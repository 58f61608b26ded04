"""The filters that write numbers, money, dates and plural words as the template's language does (CLDR, by Babel).

The language is the variable `_language` of the context, set by whoever renders. Babel loads at the first use of a
filter. A filter that cannot do its work raises TemplateRuntimeError, which never quotes a value.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from jinja2 import TemplateRuntimeError, Undefined, pass_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from babel import Locale
    from jinja2.runtime import Context as Rendering

__all__ = ["FILTERS"]

NO_BREAK_SPACE = "\u00a0"
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)

NUMERAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
DIGITS = 400
"""More than any float has before its point; what a number may cost is bounded by it."""
EXACT = Context(prec=3 * DIGITS, rounding=ROUND_HALF_UP)

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
CLOCK = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII)

Style: TypeAlias = Literal["short", "medium", "long", "full"]
STYLES = ("short", "medium", "long", "full")
# The letters of CLDR's patterns (UTS 35, part 4) that Babel knows.
OF_DATE, OF_TIME, OF_ZONE = frozenset("GyYuQqMLwWdDFEec"), frozenset("abBhHKkmsSA"), frozenset("zZOvVxX")
LONGEST_PATTERN = 80


@pass_context
def money(context: Rendering, value: object, currency: object = None) -> str:
    """`{{ 15000 | money("XOF") }}`: "15 000 F CFA" in French; as many decimals as CLDR gives the currency."""
    from babel.numbers import format_currency, get_currency_precision, get_currency_symbol, list_currencies

    locale = _locale("money", context)
    amount = _number("money", value)
    if currency is None:
        raise _unfit("money", 'needs a currency, as in money("XOF")')
    code = str(_given("money", currency)).upper()
    if not CURRENCY.fullmatch(code):
        raise _unfit("money", "needs the three letters of a currency, such as XOF")
    if code not in list_currencies():
        raise _unfit("money", f'knows no currency "{code}": write its code in ISO 4217, such as XOF')
    with localcontext(EXACT):
        text = format_currency(_rounded(amount, get_currency_precision(code)), code, locale=locale)
    return _apart(text, get_currency_symbol(code, locale))


@pass_context
def number(context: Rendering, value: object) -> str:
    """`{{ 1234.5 | number }}`: "1 234,5" in French; three decimals at most."""
    from babel.numbers import format_decimal

    locale = _locale("number", context)
    with localcontext(EXACT):
        return format_decimal(_rounded(_number("number", value), 3), locale=locale)


@pass_context
def percent(context: Rendering, value: object) -> str:
    """`{{ 0.1925 | percent }}`: "19,25 %" in French; 1 is 100 %, and two decimals are the most."""
    from babel.numbers import format_percent

    locale = _locale("percent", context)
    with localcontext(EXACT):
        return format_percent(_rounded(_number("percent", value), 4), locale=locale, decimal_quantization=False)


@pass_context
def date_filter(context: Rendering, value: object, style: object = "medium") -> str:
    """`{{ eta | date }}`: "7 nov. 2025" in French. `style` is short, medium, long, full or a pattern of CLDR's."""
    from babel.dates import format_date

    locale = _locale("date", context)
    moment = _moment("date", value)
    if isinstance(moment, time):
        raise _unfit("date", "got a time without a date")
    pattern = _style("date", style, OF_DATE)
    return format_date(moment, pattern, locale=locale)


@pass_context
def time_filter(context: Rendering, value: object, style: object = "short") -> str:
    """`{{ eta | time }}`: "14:30" in French. `style` as for date; nothing is moved to another time zone."""
    from babel.dates import format_time

    locale = _locale("time", context)
    moment = _moment("time", value)
    if not isinstance(moment, datetime | time):
        raise _unfit("time", "got a date without a time")
    pattern = _style("time", style, OF_TIME | OF_ZONE if moment.tzinfo else OF_TIME)
    if moment.tzinfo is None and pattern in ("long", "full"):
        pattern = "medium"  # Babel would call it UTC
    return format_time(moment, pattern, locale=locale)


@pass_context
def datetime_filter(context: Rendering, value: object, style: object = "medium") -> str:
    """`{{ eta | datetime }}`: "7 nov. 2025, 14:30" in French. `style` is the date's; the time has no seconds."""
    from babel.dates import format_date, format_datetime, format_time, get_datetime_format

    locale = _locale("datetime", context)
    moment = _moment("datetime", value)
    if not isinstance(moment, datetime):
        missing = "date without a time" if isinstance(moment, date) else "time without a date"
        raise _unfit("datetime", f"got a {missing}")
    pattern = _style("datetime", style, OF_DATE | OF_TIME | (OF_ZONE if moment.tzinfo else frozenset()))
    if pattern not in STYLES:
        return format_datetime(moment, pattern, locale=locale)
    both = str(get_datetime_format(pattern, locale=locale)).replace("'", "")
    parts = {"{0}": format_time(moment, "short", locale=locale), "{1}": format_date(moment, pattern, locale=locale)}
    return re.sub(r"\{[01]\}", lambda place: parts[place[0]], both)


@pass_context
def plural(
    context: Rendering,
    value: object,
    one: object = None,
    other: object = None,
    *,
    zero: object = None,
    two: object = None,
    few: object = None,
    many: object = None,
) -> str:
    """`{{ n }} {{ n | plural("article", "articles") }}`: the word alone, by CLDR's plural rule of the language.

    A form that is not given is `other`; `zero` is for 0 in every language.
    """
    if one is None or other is None:
        raise _unfit("plural", 'needs two forms, as in plural("article", "articles")')
    locale = _locale("plural", context)
    amount = _number("plural", value)
    # 2.0 counts as 2, as `number` writes it.
    with localcontext(EXACT):
        category = locale.plural_form(int(amount) if amount == amount.to_integral_value() else amount)
    forms = {"zero": zero, "one": one, "two": two, "few": few, "many": many}
    if amount == 0 and zero is not None:
        category = "zero"
    form = forms.get(category)
    return str(_given("plural", other if form is None else form))


FILTERS: Mapping[str, Callable[..., str]] = {
    "money": money,
    "number": number,
    "percent": percent,
    "date": date_filter,
    "time": time_filter,
    "datetime": datetime_filter,
    "plural": plural,
}


def _unfit(name: str, what: str) -> TemplateRuntimeError:
    return TemplateRuntimeError(f"the filter {name} {what}")


def _given(name: str, value: object) -> object:
    if isinstance(value, Undefined):
        str(value)  # raises, and names the variable
    if value is None or isinstance(value, Undefined):
        raise _unfit(name, "got no value: pass one, or give the variable a fallback")
    return value


def _locale(name: str, context: Rendering) -> Locale:
    if "_language" not in context:
        # A macro that was imported without context; English would be a guess.
        raise _unfit(name, "does not know the language here: import with context, as in {% import … with context %}")
    found = _known(str(context["_language"] or "en"))
    if found is None:
        raise _unfit(name, "has no rules for the template's language: name the file by one such as fr or fr_CI")
    return found


@lru_cache(maxsize=256)
def _known(language: str) -> Locale | None:
    """The locale, or the next wider one that CLDR has: fr for fr_DE."""
    from babel import Locale, UnknownLocaleError

    parts = re.split("[_-]", language)
    for length in range(len(parts), 0, -1):
        try:
            return Locale.parse("_".join(parts[:length]))
        except (UnknownLocaleError, ValueError):
            pass
    return None


def _number(name: str, value: object) -> Decimal:
    """An int, a float, a Decimal or text such as "1500.50"; finite."""
    value = _given(name, value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _unfit(name, f"needs a number, not a value of type {type(value).__name__}")
    if isinstance(value, str):
        value = value.strip()
        if len(value) > DIGITS or not NUMERAL.fullmatch(value):
            raise _unfit(name, 'got text that is no number: write digits and a point, such as "1500.50"')
    if isinstance(value, int) and value.bit_length() > 4 * DIGITS:
        raise _unfit(name, f"got a number of more than {DIGITS} digits")
    # A float as Python prints it, not as it is stored: 0.1 is 0.1.
    amount = Decimal(repr(float(value)) if isinstance(value, float) else value)
    if not amount.is_finite():
        raise _unfit(name, "got a number that is infinite or not a number")
    if len(amount.as_tuple().digits) > DIGITS or (amount and abs(amount.adjusted()) > DIGITS):
        raise _unfit(name, f"got a number of more than {DIGITS} digits")
    return amount


def _rounded(amount: Decimal, decimals: int) -> Decimal:
    """Halves go away from zero, as people round; and there is no -0. Within EXACT."""
    unit = Decimal(1).scaleb(-decimals)
    rounded = amount if cast("int", amount.as_tuple().exponent) >= -decimals else amount.quantize(unit)
    return rounded or Decimal(0)


def _apart(text: str, symbol: str) -> str:
    """With a space between a currency that is written in letters and the digits: CLDR's currencySpacing.

    UTS 35, part 3, "Currencies"; Babel leaves it out, and writes "F CFA15,000" in English.
    """
    if symbol in text:
        before, after = text.split(symbol, 1)
        if after[:1].isdigit() and _word(symbol[-1]):
            after = NO_BREAK_SPACE + after
        if before[-1:].isdigit() and _word(symbol[0]):
            before += NO_BREAK_SPACE
        return before + symbol + after
    return text


def _word(character: str) -> bool:
    return unicodedata.category(character)[0] not in "SZ"


def _moment(name: str, value: object) -> date | datetime | time:
    """A date, a time, both, or text of ISO 8601: stored values are text."""
    value = _given(name, value)
    if isinstance(value, date | time):
        return value
    if not isinstance(value, str):
        raise _unfit(name, f"needs a date or a time, not a value of type {type(value).__name__}")
    text = value.strip()
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
        if CLOCK.fullmatch(text):
            return time.fromisoformat(text)
        if DAY.match(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise _unfit(
        name, "got text that is no date or time: write it as in 2025-11-07, 14:30 or 2025-11-07T14:30:00+01:00"
    )


def _style(name: str, style: object, letters: frozenset[str]) -> Style:
    """One of the four styles, or a pattern with these letters; Babel's types know the styles only."""
    from babel.dates import parse_pattern

    text = str(_given(name, style))
    if text in STYLES:
        return cast("Style", text)
    outside = "".join(text.split("'")[::2])
    used = {character for character in outside if character.isascii() and character.isalpha()}
    if text.count("'") % 2 or len(text) > LONGEST_PATTERN or not used or used - OF_DATE - OF_TIME - OF_ZONE:
        raise _unfit(name, f"has no such style: use {', '.join(STYLES)} or a pattern of CLDR's")
    if used - letters:
        raise _unfit(name, f"cannot write this pattern: the value has no {', '.join(sorted(used - letters))}")
    try:
        parse_pattern(text)
    except ValueError as fault:
        raise _unfit(name, "cannot write this pattern: a letter is repeated too often") from fault
    return cast("Style", text)
