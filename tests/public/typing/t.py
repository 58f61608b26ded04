# Written by flashbot templates stubs: do not edit, run it again.
"""The templates of this bot, with their values: `turn.reply(t.parcel(number="A17"))`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from flashbot import Template


def ask_review(
    *,
    class_: str,
    stars: int,
) -> Template:
    """Template ask-review (templates/ask-review.j2).

    You gave {{ stars }} stars, and your card is {{ custom.class }}.

    Named ask_review here: ask-review is no name that Python could use.

    class_ is its value class.
    """
    return Template(
        "ask-review",
        {
            "class": class_,
            "stars": stars,
        },
    )


def bye(
    *,
    name: object,
) -> Template:
    """Template bye (templates/bye.j2).

    Bye {{ name }}
    """
    return Template(
        "bye",
        {
            "name": name,
        },
    )


def parcel(
    *,
    lines: Sequence[object],
    number: str,
    shop: Mapping[str, object],
    total: int | float | Decimal,
    day: date | str | None = None,
) -> Template:
    """Template parcel (templates/parcel.en.j2, templates/parcel.fr.j2).

    Parcel {{ number }} of {{ shop.name }}: {{ total }}, {{ day }}.
    {% for line in lines %}
    - {{ line }}
    {% endfor %}

    Without day it says: soon
    """
    return Template(
        "parcel",
        {
            "lines": lines,
            "number": number,
            "shop": shop,
            "total": total,
            "day": day,
        },
    )


def welcome() -> Template:
    """Template welcome (templates/welcome.j2).

    Welcome!
    """
    return Template("welcome")
