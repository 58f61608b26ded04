"""A shop's lesson in two languages, and messages that people would write to it: made up for the tests."""

from __future__ import annotations

__all__ = ["LESSON", "MESSAGES", "STRANGERS"]

EXAMPLES = {
    "track": [
        "where is my order", "track my parcel", "has my package shipped yet", "when will it arrive",
        "où est mon colis", "ma commande n'est pas arrivée", "suivre ma livraison", "vous livrez quand",
    ],
    "price": [
        "how much is it", "what is the price of this bag", "do you have a price list", "is it expensive",
        "c'est combien", "quel est le prix des chaussures", "combien coûte la livraison", "vos tarifs svp",
    ],
    "hours": [
        "when are you open", "what time do you close", "are you open on sunday", "opening hours please",
        "vous ouvrez à quelle heure", "êtes-vous ouverts dimanche", "horaires du magasin", "vous fermez quand",
    ],
    "refund": [
        "I want my money back", "can I get a refund", "I want to return this dress", "please reimburse me",
        "je veux être remboursé", "comment retourner un article", "rendez-moi mon argent", "remboursement svp",
    ],
    "pay": [
        "how can I pay", "do you take mobile money", "can I pay by card", "payment on delivery possible",
        "comment payer", "vous prenez orange money", "paiement à la livraison", "je peux payer par carte",
    ],
    "complain": [
        "it arrived broken", "the colour is wrong", "this is not what I ordered", "very bad quality",
        "c'est cassé", "ce n'est pas la bonne taille", "l'article est abîmé", "la qualité est nulle",
    ],
}  # fmt: skip
LESSON = [(text, intent) for intent, texts in EXAMPLES.items() for text in texts]

MESSAGES = [
    ("slt mon coli est ou stp", "track"),
    ("my order hasnt come yet", "track"),
    ("where's my parcel pls", "track"),
    ("la commande arrive quand ?", "track"),
    ("cb coute le sac", "price"),
    ("c combien les chaussures", "price"),
    ("how much for the red bag", "price"),
    ("whats the prise of this dress", "price"),
    ("u open on saturday?", "hours"),
    ("vous etes ouvert le samedi", "hours"),
    ("closing time pls", "hours"),
    ("a quelle heure vs fermez", "hours"),
    ("i wnat a refund now", "refund"),
    ("je veu etre rembourser", "refund"),
    ("can i return the shoes", "refund"),
    ("jveux mon argent", "refund"),
    ("paiement par orange money possible ?", "pay"),
    ("can I pay with my card", "pay"),
    ("peut on payer a la livraison", "pay"),
    ("i received it brokn", "complain"),
    ("mauvaise qualite !!!", "complain"),
    ("wrong colour, not what i ordered", "complain"),
]
STRANGERS = [
    "happy birthday dear aunt", "tu as regardé le match hier soir", "who won the election", "il pleut beaucoup ici",
    "my cat sleeps all day", "bonne fête à toute la famille", "can you help me with my homework",
    "quelle est la capitale du japon", "let us pray together tonight", "le bus est en retard ce matin",
]  # fmt: skip
