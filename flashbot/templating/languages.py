"""Which language a text is in: reads the names of locales, falls back from one to the next, guesses from a number.

Pure and cheap: the tables below were computed from CLDR 47 as Babel 2.18 has it, and a test computes them again; Babel
is never loaded here. How numbers and dates look in a language is `formats`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

__all__ = ["chain", "closest", "formatted_in", "is_locale", "missing_languages", "normal", "of_phone"]

# language, script, territory; the territory is ISO 3166's, or a number of UN M.49 (es_419).
WRITTEN = re.compile(r"([a-z]{2,3})(?:[_-]([a-z]{4}))?(?:[_-]([a-z]{2}|[0-9]{3}))?", re.ASCII | re.IGNORECASE)

# Languages that CLDR has locale data for. Others could not be formatted, and as the last part of a file's name most
# words of three letters ("new", "old") would be one.
CODES = """
    aa ab af agq ak am an ann apc ar arn as asa ast az ba bal bas be bem bew bez bg bgc bgn bho blo blt bm bn bo
    br brx bs bss byn ca cad cch ccp ce ceb cgg cho chr cic ckb co cop cs csw cu cv cy da dav de dje doi dsb dua
    dv dyo dz ebu ee el en eo es et eu ewo fa ff fi fil fo fr frr fur fy ga gaa gd gez gl gn gsw gu guz gv ha haw
    he hi hnj hr hsb ht hu hy ia id ie ig ii io is it iu ja jbo jgo jmc jv ka kaa kab kaj kam kcg kde kea ken kgp
    khq ki kk kkj kl kln km kn ko kok kpe ks ksb ksf ksh ku kw kxv ky la lag lb lg lij lkt lld lmo ln lo lrc lt
    ltg lu luo luy lv mai mas mdf mer mfe mg mgh mgo mhn mi mic mk ml mn mni moh mr ms mt mua mus my myv mzn naq
    nb nd nds ne nl nmg nn nnh no nqo nr nso nus nv ny nyn oc om or os osa pa pap pcm pis pl prg ps pt qu quc raj
    rhg rif rm rn ro rof ru rw rwk sa sah saq sat sbp sc scn sd sdh se seh ses sg shi shn si sid sk skr sl sma smj
    smn sms sn so sq sr ss ssy st su sv sw syr szl ta te teo tg th ti tig tk tn to tok tpi tr trv trw ts tt twq
    tyv tzm ug uk ur uz vai ve vec vi vmw vo vun wa wae wal wbp wo xh xnr xog yav yi yo yrl yue za zgh zh zu
"""
LANGUAGES = frozenset(CODES.split())

# Territories by the language that businesses write there: the most spoken official one (official in fact counts, in a
# region only does not). Where that is none of Arabic, Chinese, Dutch, English, French, German, Portuguese and Spanish
# but English, French, Portuguese or Spanish is official too, the most spoken of these: fr in Senegal before wo, en in
# Kenya before sw; but ar in Morocco. Source: CLDR 47, supplementalData/territoryInfo. AC and TA have no official
# language there.
SPOKEN = {
    "am": "ET",
    "ar": "AE BH DZ EG EH IQ JO KM KW LB LY MA MR OM PS QA SA SD SY TD TN YE",
    "az": "AZ",
    "be": "BY",
    "bg": "BG",
    "bn": "BD",
    "bs": "BA",
    "ca": "AD",
    "cs": "CZ",
    "da": "DK",
    "de": "AT CH DE LI",
    "dv": "MV",
    "dz": "BT",
    "el": "CY GR",
    "en": (
        "AC AG AI AS AU BB BM BS BW BZ CA CC CK CX DM ER FJ FK FM GB GD GG GH GI GM GU GY IE IM IN IO JE JM "
        "KE KI KN KY LC LR LS MH MP MS MT MW NA NF NG NR NU NZ PG PH PK PW RW SB SG SH SL SS SX SZ TA TC TK "
        "TO TT TV TZ UG US VC VG VI VU WS ZA ZM ZW "
    ),
    "es": "AR BO CL CO CR CU DO EC ES GQ GT HN MX NI PA PE PR PY SV UY VE",
    "et": "EE",
    "fa": "AF IR",
    "fi": "FI",
    "fo": "FO",
    "fr": "BF BI BJ BL CD CF CG CI CM DJ FR GA GF GN GP HT LU MC MF MG ML MQ MU NC NE PF PM RE SC SN TG WF YT",
    "he": "IL",
    "hr": "HR",
    "hu": "HU",
    "hy": "AM",
    "id": "ID",
    "is": "IS",
    "it": "IT SM VA",
    "ja": "JP",
    "ka": "GE",
    "kl": "GL",
    "km": "KH",
    "ko": "KP KR",
    "ky": "KG",
    "lo": "LA",
    "lt": "LT",
    "lv": "LV",
    "mk": "MK",
    "mn": "MN",
    "ms": "BN MY",
    "my": "MM",
    "nb": "NO SJ",
    "ne": "NP",
    "nl": "AW BE BQ NL SR",
    "pap": "CW",
    "pl": "PL",
    "pt": "AO BR CV GW MZ PT ST TL",
    "ro": "MD RO",
    "ru": "KZ RU",
    "si": "LK",
    "sk": "SK",
    "sl": "SI",
    "so": "SO",
    "sq": "AL XK",
    "sr": "RS",
    "sr_Latn": "ME",
    "sv": "AX SE",
    "tg": "TJ",
    "th": "TH",
    "tk": "TM",
    "tr": "TR",
    "uk": "UA",
    "uz": "UZ",
    "vi": "VN",
    "zh": "CN",
    "zh_Hant": "HK MO TW",
}
TERRITORIES = {territory: language for language, there in SPOKEN.items() for territory in there.split()}


def normal(language: str | None) -> str | None:
    """The locale as CLDR writes it, "fr_CI" for "FR-ci"; None for what is no locale.

    >>> normal("pt-br"), normal("zh_hans_cn"), normal("French")
    ('pt_BR', 'zh_Hans_CN', None)
    """
    found = WRITTEN.fullmatch(language or "")
    if found is None or found[1].lower() not in LANGUAGES:
        return None
    script, territory = found[2], found[3]
    return "_".join(
        (found[1].lower(), *([script.title()] if script else []), *([territory.upper()] if territory else []))
    )


def is_locale(word: str) -> bool:
    """Whether the word is a locale in any usual spelling: "fr", "fr_CI", "pt-br", "zh_Hans"."""
    return normal(word) is not None


def chain(wanted: str | None, own: str | None) -> tuple[str | None, ...]:
    """The languages to look for, best first: the contact's, the bot's `own`, then None, a file without a language.

    A dialect falls back to its language. What is no locale is passed over.

    >>> chain("fr_CI", "en")
    ('fr_CI', 'fr', 'en', None)
    >>> chain(None, "pt-BR")
    ('pt_BR', 'pt', None)
    """
    return tuple(dict.fromkeys((*_wider(wanted), *_wider(own), None)))


def closest(among: Iterable[str | None], wanted: str | None, own: str | None) -> str | None:
    """Which of the languages (None: a file without one) somebody gets who wants `wanted`. `among` is not empty.

    After each language of the chain come its other dialects, so that fr_SN serves fr_CI before English does; last, any.

    >>> closest({"fr_SN", "en"}, "fr_CI", "en")
    'fr_SN'
    """
    there = set(among)
    named = sorted((language for language in there if language is not None), key=_plainness)
    for looked_for in (wanted, own):
        steps = _wider(looked_for)
        dialects = [language for language in named if steps and _language(language) == steps[-1]]
        for language in (*steps, *dialects):
            if language in there:
                return language
    return None if None in there else named[0]


def formatted_in(file: str | None, wanted: str | None, own: str | None) -> str:
    """The locale in which numbers and dates of a text are written, given the language of its `file`.

    The text's language, in the territory of the contact where that is one of the language: a French text for fr_CI is
    formatted as in Côte d'Ivoire. A file without a language is in the bot's own; without that, in the contact's; else
    in English.

    >>> formatted_in("fr", "fr_CI", "en"), formatted_in("fr", "en_NG", None), formatted_in(None, "fr_CI", "en")
    ('fr_CI', 'fr', 'en')
    """
    text, contact = normal(file) or normal(own) or normal(wanted) or "en", normal(wanted)
    return contact if contact is not None and text in _wider(contact) else text


def of_phone(phone: str) -> str | None:
    """The locale in which somebody with this number is most likely written to, such as "fr_CI" for +225…

    `phone` is E.164; None when it is no number of a country. Countries that share a code (+1) are told apart by the
    digits behind it.
    """
    from flashbot.msgflash.phones import country_of

    territory = country_of(phone)
    language = TERRITORIES.get(territory or "")
    return None if language is None else f"{language}_{territory}"


def missing_languages(languages_by_name: Mapping[str, Set[str | None]]) -> Mapping[str, tuple[str, ...]]:
    """By template, in order, the languages that others have and it lacks; who lacks none is left out.

    A template that has a file without a language (None) serves everybody and lacks nothing; one in some dialect of a
    language has that language.

    >>> missing_languages({"parcel": {"fr", "en"}, "coupon": {"fr_CI"}, "thanks": {None}})
    {'coupon': ('en',)}
    """
    every = {language for languages in languages_by_name.values() for language in languages if language is not None}
    names: dict[str, str] = {}
    for language in sorted(every, key=_plainness):
        names.setdefault(_language(language), language)
    found = {}
    for name, languages in languages_by_name.items():
        if None not in languages:
            has = {_language(language) for language in languages if language is not None}
            found[name] = tuple(sorted(shown for language, shown in names.items() if language not in has))
    return {name: lacking for name, lacking in found.items() if lacking}


def _wider(language: str | None) -> tuple[str, ...]:
    parts = (normal(language) or "").split("_")
    return tuple("_".join(parts[:length]) for length in range(len(parts), 0, -1) if parts[0])


def _language(locale: str) -> str:
    return locale.partition("_")[0]


def _plainness(locale: str) -> tuple[int, str]:
    """Sorts "fr" before "fr_CI"."""
    return len(locale), locale
