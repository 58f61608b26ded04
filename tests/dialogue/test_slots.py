"""Slots: the values that examples name, found in what people write."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashbot.dialogue.slots import Amount, Slots

if TYPE_CHECKING:
    from flashbot.dialogue.slots import SlotType

NOW = datetime(2026, 5, 6, 10, tzinfo=UTC)
PARCEL = re.compile(r"[A-Z]{2}\d{6}")
CITIES: dict[str, list[str]] = {"Abidjan": ["abj", "babi"], "Dakar": []}
TRACK = Slots.compile(
    ["where is my order", "track order {number:order}", "où est le colis {reference:parcel}"], {"parcel": PARCEL}
)
ORDER = Slots.compile(
    [
        "two {product} to {city}",
        "I want {number:count} {product} {date:day}",
        "je veux {number:count} {product} {date:day} à {time:hour}",
        "from {city:origin} to {city:destination}",
    ],
    {"product": ["pizza", "burger"], "city": CITIES},
)
PAY = Slots.compile(["send {amount} to {phone}", "envoie {amount:sum} à {email:to}", "{number:count} burgers"], {})
DAY = {"day": date(2026, 5, 7)}


@pytest.mark.parametrize(
    ("slots", "text", "values"),
    [
        (TRACK, "Track order 45!", {"order": 45}),
        (TRACK, "track order n° 45", {"order": 45}),
        (TRACK, "track order number forty five", {"order": 45}),
        (TRACK, "Ou est le colis ab123456 ?", {"parcel": "AB123456"}),
        (ORDER, "Two pizzas to Abidjan! 🙏", {"product": "pizza", "city": "Abidjan"}),
        (ORDER, "two of the burgers to babi", None),
        (ORDER, "I want 3 burgerrs tomorrow", {"count": 3, "product": "burger", **DAY}),
        (ORDER, "i want a pizza on the 12th", {"count": 1, "product": "pizza", "day": date(2026, 5, 12)}),
        (
            ORDER,
            "je veux une piza pour le 12 mai à midi",
            {"count": 1, "product": "pizza", "day": date(2026, 5, 12), "hour": time(12)},
        ),
        (ORDER, "from Dakar to abj", {"origin": "Dakar", "destination": "Abidjan"}),
        (PAY, "send 5000F to +225 07 07 07 07 07", {"amount": Amount(Decimal(5000), "XOF"), "phone": "+2250707070707"}),
        (PAY, "send 5000 to 07 07 07 07 07", {"amount": Amount(Decimal(5000), None), "phone": "+2250707070707"}),
        (PAY, "envoie €5 à A@B.co", {"sum": Amount(Decimal(5), "EUR"), "to": "A@b.co"}),
        (PAY, "a dozen burgers", {"count": 12}),
    ],
)
def test_a_text_that_is_a_template_gives_its_values(slots: Slots, text: str, values: dict[str, object] | None) -> None:
    assert slots.exact(text, NOW, "CI") == values


@pytest.mark.parametrize(
    ("slots", "text"),
    [
        (TRACK, "where is my order"),
        (TRACK, "track order"),
        (TRACK, "track order 45 please"),
        (TRACK, "please track order 45"),
        (TRACK, "track order AB45"),
        (TRACK, "track order 45/46"),
        (TRACK, "où est le colis XAB123456"),
        (ORDER, "I want 3 burgers 31/02"),
        (ORDER, "two pizzas to Paris"),
        (PAY, "send 5000 to 12345"),
        (PAY, ""),
        (PAY, "send 5000 to 07 07 07 07 07" + " " * 3000),
    ],
)
def test_anything_else_is_no_template(slots: Slots, text: str) -> None:
    assert slots.exact(text, NOW, "CI") is None


@pytest.mark.parametrize(
    ("slots", "text", "values"),
    [
        (TRACK, "j'attends AB123456, ou alors la commande 77", {"order": 77, "parcel": "AB123456"}),
        (TRACK, "j'ai un problème avec ma commande", {}),
        (TRACK, "j'ai un problème avec ma commande 12", {"order": 12}),
        (TRACK, "my 2 parcels of order 45", {"order": 45}),
        (TRACK, "ma commande du 12 mai à 8 heures", {}),
        (TRACK, "ma commande 45 du 12 mai", {"order": 45}),
        (PAY, "envoie de l'argent le 12 mai", {}),
        (ORDER, "burger svp, demain à Abijdan", {"product": "burger", "city": "Abidjan", **DAY}),
        (ORDER, "une pizza", {"product": "pizza", "count": 1}),
        (ORDER, "une question sur la pizza", {"product": "pizza"}),
        (ORDER, "to Dakar from Abidjan", {"origin": "Abidjan", "destination": "Dakar"}),
        (ORDER, "Abidjan Dakar", {"origin": "Abidjan", "destination": "Dakar"}),
        (ORDER, "Dakar, Abijdan", {"origin": "Dakar", "destination": "Abidjan"}),
        (ORDER, "Abijdan puis Dakar", {"origin": "Abidjan", "destination": "Dakar"}),
        (ORDER, "to Abijdan, Dakar", {"origin": "Dakar", "destination": "Abidjan"}),
        (ORDER, "demain 14h30", {**DAY, "hour": time(14, 30)}),
        (ORDER, "le 12 mai vers 8 heures", {"day": date(2026, 5, 12), "hour": time(8)}),
        (ORDER, "5000 FCFA de pizza", {"product": "pizza", "count": 5000}),
        (PAY, "2 burgers, 5000 FCFA", {"amount": Amount(Decimal(5000), "XOF"), "count": 2}),
        (PAY, "12 burgers", {"count": 12}),
        (
            PAY,
            "+2250707070707 5 000f pour 2 burgers",
            {"amount": Amount(Decimal(5000), "XOF"), "phone": "+2250707070707", "count": 2},
        ),
        (PAY, "5000 FCFA", {"amount": Amount(Decimal(5000), "XOF")}),
        (PAY, "bonjour 👍", {}),
        (PAY, "", {}),
    ],
)
def test_values_are_found_in_any_text(slots: Slots, text: str, values: dict[str, object]) -> None:
    assert slots.extract(text, NOW, "ci") == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("je veux 2 pizzas et 3 burgers demain", {"count": 3, "product": "burger", **DAY}),
        ("je veux 2 pizzas rouges et 1 burger pour demain", {"count": 1, "product": "burger", **DAY}),
        ("3 pizzas et une burger demain", {"count": 1, "product": "burger", **DAY}),
        ("I want 3 pizzas and burgers tomorrow", {"count": 3, "product": "pizza", **DAY}),
        ("I want 2 piza pizza tomorrow", {"count": 2, "product": "pizza", **DAY}),
        ("pizza x3, burger x2", {"count": 3, "product": "pizza"}),
        ("burger demain pour 4", {"count": 4, "product": "burger", **DAY}),
    ],
)
def test_a_number_never_goes_with_what_another_number_counts(text: str, values: dict[str, object]) -> None:
    assert ORDER.extract(text, NOW, "ci") == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2pizzas", {"count": 2, "product": "pizza"}),
        ("je veux 3Burgers demain", {"count": 3, "product": "burger", **DAY}),
        ("2piza", {"count": 2, "product": "pizza"}),
        ("12pizza et 1burger pour demain", {"count": 12, "product": "pizza", **DAY}),
        ("ref A2pizzas", {}),
        ("mail 2pizzas@example.com", {}),
        ("2rien", {}),
    ],
)
def test_a_number_written_in_one_word_with_a_choice_counts_it(text: str, values: dict[str, object]) -> None:
    assert ORDER.extract(text, NOW, "ci") == values


def test_such_a_word_makes_a_template_too() -> None:
    assert ORDER.exact("I want 3burgers tomorrow", NOW, "CI") == {"count": 3, "product": "burger", **DAY}


def test_a_size_is_no_count_unless_an_example_asks_for_it() -> None:
    sized = Slots.compile(["{number:count} robes taille {number:size}"], {})

    assert ORDER.extract("une pizza taille 42, pointure 38", NOW, "CI") == {"count": 1, "product": "pizza"}
    assert ORDER.extract("pizza size 42", NOW, "CI") == {"product": "pizza"}
    assert sized.extract("une robe taille 42", NOW, "CI") == {"size": 42}


def test_a_share_is_neither_a_count_nor_money() -> None:
    slots = Slots.compile(["{number:count} burgers", "send {amount}"], {})

    assert slots.extract("50% or 20 % off", NOW, "CI") == {}


def test_a_value_goes_to_one_slot_only() -> None:
    slots = Slots.compile(["from {origin} to {target}"], {"origin": ["Dakar", "Lomé"], "target": ["Dakar", "Accra"]})

    assert slots.extract("to Dakar", NOW, None) == {"target": "Dakar"}
    assert slots.extract("Dakar Accra", NOW, None) == {"origin": "Dakar", "target": "Accra"}


def test_a_choice_takes_its_words_before_a_time_does() -> None:
    slots = Slots.compile(["{menu} à {time:hour}"], {"menu": ["formule midi"]})

    assert slots.extract("une formule midi pour 20h", NOW, None) == {"menu": "formule midi", "hour": time(20)}


def test_a_declared_type_that_no_example_names_is_a_slot_too() -> None:
    slots = Slots.compile(["livrez-moi", "le {day}"], {"city": CITIES, "day": "date", "count": "number"})

    assert slots.names == ("day", "city", "count")
    assert slots.extract("3 à Dakar demain", NOW, None) == {"city": "Dakar", "count": 3, **DAY}


def test_a_value_beyond_what_is_looked_at_or_cut_off_is_not_read() -> None:
    assert TRACK.extract("a " * 900 + "45", NOW, None) == {"order": 45}
    assert TRACK.extract("a " * 1000 + "45", NOW, None) == {}
    assert TRACK.extract("b " * 999 + "9" * 5000, NOW, None) == {}


def test_without_slots_there_is_nothing_to_find() -> None:
    slots = Slots.compile(["hello", "good {{morning}}"], {})

    assert not slots
    assert slots.names == ()
    assert slots.texts == ("hello", "good {morning}")
    assert slots.exact("Good morning", NOW, None) == {}
    assert slots.exact("hello", NOW, None) is None
    assert slots.extract("good 5", NOW, None) == {}
    assert Slots.compile(["{{}}"], {}).exact("👍", NOW, None) is None


def test_texts_have_sample_values_and_are_the_same_each_time() -> None:
    again = Slots.compile(["where is my order", "track order {number:order}"], {})

    assert again.texts == ("where is my order", *again.texts[1:])
    assert again.texts == Slots.compile(["where is my order", "track order {number:order}"], {}).texts
    assert 1 < len(set(again.texts[1:])) == len(again.texts[1:]) <= 3


@pytest.mark.parametrize("slots", [TRACK, ORDER, PAY])
def test_what_is_learned_from_a_template_is_a_text_of_that_template(slots: Slots) -> None:
    filled = [text for text in slots.texts if text != "where is my order"]

    assert [text for text in filled if slots.exact(text, NOW, "FR") is None] == []


def test_every_choice_is_learned_from_when_there_are_enough_examples() -> None:
    choices = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu"]

    slots = Slots.compile([f"{word} {{animal}}" for word in ("see", "hear", "feed")], {"animal": choices})

    assert {text.split()[1] for text in slots.texts} == set(choices)


@pytest.mark.parametrize(
    ("declared", "text", "values"),
    [
        ({"order": "number"}, "order 5", {"order": 5}),
        ({"order": ["big", "small"]}, "order bgi", None),
        ({"order": ("big", "small")}, "order smal", {"order": "small"}),
        ({"order": re.compile(r"[a-z]\d")}, "order A1", {"order": "a1"}),
    ],
)
def test_a_type_is_declared_in_four_ways(
    declared: dict[str, SlotType], text: str, values: dict[str, object] | None
) -> None:
    slots = Slots.compile(["order {order}"], declared)

    assert slots.exact(text, NOW, None) == values


@pytest.mark.parametrize(
    ("example", "names"),
    [
        ("a {number:order}", ("order",)),
        ("a {order:number}", ("order",)),
        ("a { number : order }", ("order",)),
        ("a {number}", ("number",)),
        ("a {number:city}", ("city",)),
        ("a {city}", ("city",)),
        ("a {city:to}", ("to",)),
        ("a {to:city}", ("to",)),
        ("a {choice:city}", ("city",)),
        ("{city}", ("city",)),
        ("{date}", ("date",)),
        ("{number} {city}", ("number", "city")),
        ("{{a}} {numéro:number}", ("numéro",)),
    ],
)
def test_a_slot_has_a_type_and_a_name(example: str, names: tuple[str, ...]) -> None:
    slots = Slots.compile([example], {"city": CITIES})

    assert slots.names[: len(names)] == names


@pytest.mark.parametrize(
    ("examples", "declared", "sentence"),
    [
        (["to {town}"], {}, r'"to \{town\}" has the slot \{town\} of no known type: declare .*\{number:town\}'),
        (["to {town:city}"], {}, r'neither "town" nor "city" is a type'),
        (["to {reference:parcel}"], {}, r"declare a compiled pattern"),
        (["to {choice:parcel}"], {"parcel": PARCEL}, r"declare a list of choices"),
        (["to {"], {}, r"a brace without its partner"),
        (["to }"], {}, r"a brace without its partner"),
        (["to {{number}"], {}, r"a brace without its partner"),
        (["to {}"], {}, r'"" is no name'),
        (["to {1st}"], {}, r'"1st" is no name'),
        (["to {number:}"], {}, r'"" is no name'),
        (["to {a:b:c}"], {}, r"write \{name\} or \{type:name\}"),
        (["to {number} {number}"], {}, r'two slots called "number": call them \{number:first\}'),
        (["{number}"], {}, r"every message that is only a number"),
        (["{amount} {age}"], {"age": "number"}, r"every message that is only a number"),
        (["a {number:x}", "b {date:x}"], {}, r'"x" is of the type "number" in one example and "date" in another'),
        (["a"], {"number": ["x"]}, r"built-in type"),
        (["a"], {"a b": ["x"]}, r'"a b", which is no name'),
        (["a {x}"], {"x": []}, r'"x" has no choices'),
        (["a {x}"], {"x": ["!"]}, r'"x" has the choice "!", which has no letter'),
        (["a {x}"], {"x": {"b": ["c"], "d": ["C"]}}, r'"x" has "C" for "b" and for "d"'),
        (["a {x}"], {"x": {"b": "c"}}, r'"x" has for "b" something else than a list'),
        (["a {x}"], {"x": [1]}, r'"x" has for "1" something else than a list'),
        (["a {x}"], {"x": "nombre"}, r'"x" is called "nombre", which is none of number'),
        (["a {x}"], {"x": 5}, r'"x" is int'),
        (["a {x}"], {"x": re.compile("b*")}, r'"x" is a pattern that matches the empty text'),
    ],
)
def test_a_mistake_in_the_declaration_is_told_in_a_sentence(
    examples: list[str], declared: dict[str, SlotType], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        Slots.compile(examples, declared)

    assert str(caught.value).endswith(".")


EVERYTHING = Slots.compile(
    [
        "pay {amount} on {date} at {time} to {phone} or {email} for {reference:parcel} times {number}",
        "from {city:origin} to {city:destination}, {number:second} then {number:third}",
    ],
    {"parcel": PARCEL, "city": CITIES},
)
WORDS = """
    12 le lundi mai 2026 5000 f fcfa € $ / : - . , ' h heures et demie vingt quatre cents mille un dans jours +225 07 07
    @ a.b abidjan abijdn AB123456 k ½ 🙏 é pm du soir 31 prochain il y a in three days half past
"""
PIECES = st.sampled_from([*WORDS.split(), "\n", " "])


@settings(max_examples=60)
@given(st.text() | st.lists(PIECES, max_size=12).map("".join) | st.lists(PIECES, max_size=12).map(" ".join))
def test_no_text_raises(text: str) -> None:
    EVERYTHING.exact(text, NOW, "CI")
    found = EVERYTHING.extract(text, NOW, None)

    assert found.keys() <= set(EVERYTHING.names)


@pytest.mark.parametrize(
    "piece",
    [
        "1 ", "1", "12/", "12:30 ", "vingt ", "quatre-vingt-", "a", "a@", "a.", "x@x.", "lundi 12 mai ", "5000 fcfa ",
        "dans ", "dans un ", " ", "\n", "é", "🙏", "\u0301", "½", "+1 ", "06 12 34 56 78 ", "abidjan ", "abijdn ", "1,",
        "un ", "1h ", "$1", "mille ", "AB123456 ", "{", "(0", "9-9.9/9:", "from Dakar to ",
    ],
)  # fmt: skip
def test_ten_thousand_characters_take_bounded_time(piece: str) -> None:
    hostile = (piece * 10_000)[:10_000]

    assert EVERYTHING.exact(hostile, NOW, "CI") is None
    assert EVERYTHING.extract(hostile, NOW, "CI").keys() <= set(EVERYTHING.names)
