"""Phone numbers in E.164, checked with Google's tables (`phonenumbers`, loaded when first used)."""

from __future__ import annotations

import re

from flashbot.errors import ContentError

__all__ = ["country_of", "e164"]

# Anything else, such as letters or an extension, phonenumbers would turn into some other number.
WRITTEN = re.compile(r"\+[0-9\s().-]{2,40}")


def e164(phone: str, what: str = "The recipient") -> str:
    """The number as MsgFlash takes it: a plus, the country code, digits only.

    Spaces, dots and brackets may be in it; the plus must. Raises ContentError, without repeating it, when no
    country has numbers of this length.

    >>> e164("+225 07 00 00 00 00")
    '+2250700000000'
    """
    import phonenumbers

    given = str(phone).strip()
    if WRITTEN.fullmatch(given):
        try:
            number = phonenumbers.parse(given, None)
        except phonenumbers.NumberParseException:
            pass
        else:
            # Not `is_possible_number`: it passes numbers that work only within their own town.
            if phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE:
                return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise ContentError(
        f"{what} is not a phone number in E.164: write a plus, the country code and the number, such as +2250700000000."
    )


def country_of(phone: str) -> str | None:
    """The ISO 3166 code of the country whose number this is, such as "CI"; None for what is no number of a country.

    `phone` is E.164.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return None
    # The second knows the countries of numbers that nobody was given yet.
    code = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )
    return code if code.isalpha() and code != phonenumbers.UNKNOWN_REGION else None
