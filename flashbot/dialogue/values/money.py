"""`Amount`: money as people write it. A word such as "francs" means the currency of the person's country."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from flashbot.dialogue.values.line import Found, Rank, closes
from flashbot.dialogue.values.numbers import SHARE, numerals, whole

if TYPE_CHECKING:
    from datetime import datetime

    from flashbot.dialogue.values.line import Line
    from flashbot.dialogue.values.numbers import Numeral

__all__ = ["NAMES", "Amount", "find", "priced"]


@dataclass(frozen=True, slots=True)
class Amount:
    """Money. The currency is an ISO 4217 code, None where the text names none."""

    value: Decimal
    currency: str | None = None


ByCountry: TypeAlias = Mapping[str, str | None]
"""Codes by country, with the usual one under ""; None where only the country could tell."""
Currency: TypeAlias = str | ByCountry

CFA: ByCountry = {"": "XOF", **dict.fromkeys(("CM", "GA", "CG", "TD", "CF", "GQ"), "XAF")}
FRANC: ByCountry = {
    **CFA, "CH": "CHF", "LI": "CHF", "GN": "GNF", "CD": "CDF", "RW": "RWF", "BI": "BIF", "DJ": "DJF", "KM": "KMF",
    **dict.fromkeys(("PF", "NC", "WF"), "XPF"),
}  # fmt: skip
DOLLAR: ByCountry = {
    "": "USD", "CA": "CAD", "AU": "AUD", "NZ": "NZD", "LR": "LRD", "NA": "NAD", "SG": "SGD", "HK": "HKD", "JM": "JMD",
}  # fmt: skip
SHILLING: ByCountry = {"": None, "KE": "KES", "UG": "UGX", "TZ": "TZS", "SO": "SOS"}
DIRHAM: ByCountry = {"": "MAD", "AE": "AED"}
DINAR: ByCountry = {"": None, "DZ": "DZD", "TN": "TND", "LY": "LYD", "IQ": "IQD", "JO": "JOD", "KW": "KWD", "BH": "BHD"}
POUND: ByCountry = {"": "GBP", "EG": "EGP", "SD": "SDG", "SS": "SSP"}
RUPEE: ByCountry = {"": "INR", "PK": "PKR", "LK": "LKR", "NP": "NPR", "MU": "MUR"}
RIYAL: ByCountry = {"": "SAR", "QA": "QAR", "OM": "OMR", "YE": "YER", "IR": "IRR"}
KWACHA: ByCountry = {"": "ZMW", "MW": "MWK"}

CODES = """
    xof xaf eur usd gbp ngn ghs kes ugx tzs mad dzd tnd zar cdf gnf rwf bif djf chf cad aud egp etb mga mru aed sar
    inr pkr cny jpy brl zmw mwk aoa mzn gmd bwp nad cve kmf lrd sle
"""
NAMES: dict[str, Currency] = {
    **{code: code.upper() for code in CODES.split()},
    "francs cfa": CFA, "franc cfa": CFA, "frs cfa": CFA, "f cfa": CFA, "f.cfa": CFA, "f.c.f.a": CFA, "fcfa": CFA,
    "cfa": CFA, "francs suisses": "CHF", "francs congolais": "CDF", "francs guineens": "GNF", "francs rwandais": "RWF",
    "francs": FRANC, "franc": FRANC, "frs": FRANC, "fr": FRANC, "fs": FRANC, "f": FRANC,
    "euros": "EUR", "euro": "EUR", "us dollars": "USD", "dollars us": "USD", "dollars americains": "USD",
    "dollars canadiens": "CAD", "dollars": DOLLAR, "dollar": DOLLAR, "bucks": DOLLAR,
    "livres sterling": "GBP", "livre sterling": "GBP", "pounds sterling": "GBP", "pounds": POUND, "pound": POUND,
    "quid": "GBP", "naira": "NGN", "nairas": "NGN", "cedis": "GHS", "cedi": "GHS", "gh": "GHS",
    "shillings": SHILLING, "shilling": SHILLING, "ksh": "KES", "ush": "UGX", "tsh": "TZS", "shs": SHILLING,
    "dirhams": DIRHAM, "dirham": DIRHAM, "dhs": DIRHAM, "dh": DIRHAM, "dinars": DINAR, "dinar": DINAR,
    "rands": "ZAR", "rand": "ZAR", "birr": "ETB", "kwacha": KWACHA, "kwanzas": "AOA", "kwanza": "AOA",
    "meticais": "MZN", "metical": "MZN", "leones": "SLE", "dalasi": "GMD", "dalasis": "GMD", "ariary": "MGA",
    "ouguiyas": "MRU", "ouguiya": "MRU", "pula": "BWP", "escudos": "CVE", "yens": "JPY", "yen": "JPY",
    "yuans": "CNY", "yuan": "CNY", "roupies": RUPEE, "rupees": RUPEE, "riyals": RIYAL,
}  # fmt: skip
SIGNS: dict[str, Currency] = {
    "us$": "USD", "gh₵": "GHS", "€": "EUR", "$": DOLLAR, "£": POUND, "₦": "NGN", "₵": "GHS", "¥": "JPY", "₹": "INR",
    "₽": "RUB",
}  # fmt: skip
BEFORE: dict[str, Currency] = {
    **{name: NAMES[name] for name in (*CODES.split(), "fcfa", "f cfa", "cfa", "ksh", "ush", "tsh", "gh")}, "rs": RUPEE,
}  # fmt: skip
WITH_CENTS = {"EUR", "USD", "GBP", "CAD", "AUD", "CHF", "GHS", "MAD", "ZAR", "AED"}
"""Of which people name the cents as well: "5 euros 50"."""
ONLY_IN = {"n": ("NG", "NGN"), "r": ("ZA", "ZAR")}
"""Letters that mean money in one country: N5000, R50."""


def _one_of(names: Mapping[str, Currency]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


AFTER_IT = re.compile(rf" {{0,2}}(?:d'|de )?(?P<name>{_one_of(NAMES)}|{_one_of(SIGNS)})(?![\w€$£₦₵])")
SIGN_AFTER = re.compile(rf"(?P<name>{_one_of(SIGNS)})(?=\d\d(?!\d))")
BEFORE_IT = re.compile(rf"(?P<name>(?<!\w)(?:{_one_of(BEFORE)}|[nr])|{_one_of(SIGNS)})[ .:]{{0,2}}\Z")
SMALL = re.compile(r" ?(?:cents?|centimes?|cts?|kobos?|pesewas?)(?!\w)")
JOINS = {"", " ", " et ", " and "}


def find(line: Line, now: datetime, region: str | None) -> list[Found]:
    """Amounts. A number without a currency is one as well, but gives way to whatever else it may be."""
    found: list[Found] = []
    behind = 0
    counted = numerals(line)
    for place, numeral in enumerate(counted, 1):
        if numeral.start < behind:
            continue
        start, end, currency = _priced(line, numeral, behind, region)
        if currency == NOTHING:
            if (
                SHARE.match(line.text, numeral.end)
                or numeral.faint
                or SMALL.match(line.text, numeral.end)
                or whole(line, numeral)[1] != numeral.end
            ):
                continue
            found.append(Found(start, end, Amount(numeral.value), Rank.NUMBER, cost=1))
            continue
        code = currency.get(region or "", currency[""]) if isinstance(currency, Mapping) else currency
        value = numeral.value
        if code in WITH_CENTS:
            after = counted[place] if place < len(counted) else None
            value, end = _with_cents(line, numeral, end, after)
        found.append(Found(start, end, Amount(value, code), Rank.AMOUNT))
        behind = end
    return found


def priced(line: Line, end: int) -> bool:
    """Whether the name or sign of a currency follows."""
    return AFTER_IT.match(line.text, end) is not None


NOTHING: Currency = ""


def _priced(line: Line, numeral: Numeral, behind: int, region: str | None) -> tuple[int, int, Currency]:
    """Its whole place and currency. What an earlier amount has taken is not before this one."""
    after = AFTER_IT.match(line.text, numeral.end) or SIGN_AFTER.match(line.text, numeral.end)
    mentioned = max(behind, numeral.start - 8)
    before = BEFORE_IT.search(line.text[mentioned : numeral.start])
    if before:
        name, start = before["name"], mentioned + before.start()
        if name in SIGNS and after and after["name"] in NAMES:  # $20 CAD
            return start, after.end(), NAMES[after["name"]]
        country, code = ONLY_IN.get(name, (region, NOTHING))
        if country == region:
            return start, numeral.end, code or BEFORE.get(name) or SIGNS[name]
    if after:
        return numeral.start, after.end(), NAMES.get(after["name"]) or SIGNS[after["name"]]
    return numeral.start, numeral.end, NOTHING


def _with_cents(line: Line, numeral: Numeral, end: int, after: Numeral | None) -> tuple[Decimal, int]:
    """ "5€50", "cinq euros cinquante", "$5 and 20 cents" """
    whole, text = numeral.value, line.text
    if after is None or text[end : after.start] not in JOINS or not 0 < after.value < 100:
        return whole, end
    if whole != whole.to_integral_value() or after.value != after.value.to_integral_value():
        return whole, end
    named = SMALL.match(text, after.end)
    tens = after.value >= 10 or text[after.start] == "0"
    said = (text[end - 1] in SIGNS and end == after.start) or (end != numeral.end and closes(text, after.end))
    if not named and not (tens and said):
        return whole, end
    return whole + after.value / 100, named.end() if named else after.end
