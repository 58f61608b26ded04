"""The language of the street: what is read otherwise, what must stay as it is, and the language of a message."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flashbot.dialogue.street import KIN, entries
from flashbot.dialogue.text import STREET, checked_street, fold, language, plain
from flashbot.errors import BotMistake

EVERYDAY = """
a about above accept account add address after again ago agree air all allowed almost alone already also always am
amount an and another any apply april are arrive as ask at august available away baby back bad bag bank be because
before best big bill black blue board book both box boy bring broken brown bus business but buy by call can cancel
car card case cash change cheap check child choose class clean clear close closed clothes code cold collect colour
come company complain confirm contact cost could count country cream credit customer damaged date day days dead deal
december delay deliver delivery deposit did different dinner discount do does done door double down dress drink drop
each early easy eat eight either else email end enough evening ever every exact exchange expensive express extra eye
face fact family far fast father february fee few fill find fine first fit five fix flat fly food foot for found
four free friday friend from front full fun gas get gift girl give glass go gold good great green group guest had
hair half hand hard has hat have he heavy hello help her here high him his hold home hope hot hour house how hundred
husband i ice id idea if ill important in inside into invoice is it item its january job july june just keep key
kind know large last late later learn leave left leg less let letter light like list little live load long look lost
lot love low lunch ma made mail make man many march mark may me mean meat medium meet men menu message milk mind
mine minute miss mobile monday money month more morning most mother much my name near need never new next nice night
nine no not november now number october of off offer office often old on once one only open or order other our out
over own paid pair paper parcel park part past pay people phone picture piece pink place please point possible post
price problem product put quick quite read ready real really reason receive red refund return right road room run
safe sale same saturday save say school sea seat second see seem sell send sent september service set seven she
shirt shoe shop short should show sick side sign since sir sister site six size small so sold some son soon sorry
speak stand start state stay still stock stop store street such sunday support sure table take talk tall tax tell
ten than thank thanks that the their them then there these they thing think this those three thursday ticket time to
today together tomorrow too total track transfer true try tuesday two type under until up us use used very voucher
wait walk want warm was wash water way we wear website wednesday week well were what when where which white who
whole why wide wife will window with woman wood word work working world would write wrong year yellow yes yesterday
yet you young your absent accord accueil achat acheter adresse agence ai aide aimer ajouter aller alors ami an annee
annuler apres argent arriver article assez attendre au aucun aujourd aussi autre avance avant avec avis avoir avril
bague banque bas beau beaucoup besoin bien bientot billet blanc bleu boire boite bon bonjour bonne bonsoir boutique
bureau ca cadeau car carte casse catalogue ce ceci cela celle celui centre ces cet cette chacun chambre changer
chaque chaud chaussure chef cher chercher chez chose cinq clair classe client code coin colis combien comme commande
commander comment compris compte connaitre conseil contact content contre cote couleur courrier cours court cout
cree croire dans date de decembre decu dedans defaut dehors deja demain demande demi depuis dernier derriere des
dessous deux devant devis devoir dimanche dire dis disponible dix document doit donc donner dont dormir double doux
droit du eau echange ecole ecrire elle email en encore enfant enlever ensuite entre entree envie envoi envoyer
erreur es escompte espece essai est et etage etat ete etre euro eux exact facture faim faire fait famille faut faux
femme fermer fete fevrier fille fils fin finir fois fort frais francs frere froid gauche gens gramme grand gratuit
gris gros groupe habit hauteur heure hier homme horaire hors hotel huit ici il image jamais janvier jaune je jeter
jeudi jeune joli jouer jour journee juillet juin jupe jusque kilo la laisser lait large le lent les lettre leur
libre lieu ligne lire lit livraison livrer livreur local loin long lourd lui lundi ma madame magasin mai main
maintenant mais maison mal manger manquer marche mardi mari marque mars matin mauvais meilleur meme menu mer merci
mercredi mere mes mesure mettre midi mieux mille modele moins mois moitie moment mon monde monsieur montant montre
montrer mot moyen ne neuf ni noir nom nombre non nos note notre nous nouveau nuit numero obtenir occasion octobre
offre oncle ont or ordre ou oublier oui ouvert ouvrir paire panier pantalon par parce pareil parler part partir pas
passer payer pays peau pendant perdu pere personne petit peu peut photo pied place plaire plein pluie plus plusieurs
poids point pomme porte poser possible pour pourquoi pouvoir premier prendre preparer presque pret prevoir prix
probleme prochain produit promo promotion puis qualite quand quantite quartier quatre que quel quelle question qui
quitter quoi rapide rayon recevoir recu reduction refus regarder relais remboursement remise rendez rendre reparer
repas repondre reponse reserver rester retard retour retrait revenir rien robe rose rouge rue sa sac sais saison
salon salut samedi sans savoir se seconde semaine sent sept septembre service ses seul si six soeur soir solde sont
sortir sous suis suite suivi sur taille tant tard tarif te tel telephone temps tenir terminer tes tissu toi ton tot
total toujours tour tous tout train tranquille travail tres trois trop trouver tu un une urgent usage utile vais
valeur valider vend vendredi vendre venir vente vers vert veste vetement veut vide vie vieux ville vin vingt
virement vite voici voir voiture vol vos votre vouloir vous vrai vue week y zone
"""
STAYS = """
AB123456 | B2B | 2kg | 5000f | 14h30 | 10k | 3xl | XXXL | Louis III | www.boutique.ci | AAA | iPhone 14 | 500 g |
125 cc | 2 nd | 12 mm | 06 12 34 56 78 | 2 000 000 | taille M | plan B | c'est | d'une | mtn momo | orange ou mtn |
arsenal vs chelsea | versez par wave | livraison au PK 14 | vitamine C | usb-c | super u | U.S.A. | the UK |
le produit dont je parle | dis moi | sa photo | ses pieds | a u-turn | b1 | my cv | un tel prix |
envoyez moi un dm | the app lets me | does it fit me | at 10 am | how far is the shop | see ill | S.U.V. |
my id card | i feel ill | box dsl | reunion avec Ms Boland | ici la PA | la sa et la nest | H.R. | где мой заказ |
أين طلبي | 我的订单在哪里 | 무엇 | où est-il |  | ?! | 7
"""


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("slt c koi l'adresse stp", "salut c est quoi l adresse s il te plait"),
        ("cé combien, sé où ?", "c est combien c est ou"),
        ("c bn, pkoi c si long", "c est bon pourquoi c est si long"),
        ("s'est combien et kan sa arrive", "c est combien et quand ca arrive"),
        ("vs ête là ? vs livré ? vs avé le 42", "vous ete la vous livre vous ave le 42"),
        ("bjr c cb la livraison pr vs svp", "bonjour c est combien la livraison pour vous s il vous plait"),
        ("cc dispo ?", "coucou disponible"),
        ("g pa recu mon colis, pk ?", "j ai pas recu mon colis pourquoi"),
        ("g commandé hier et jai rien eu", "j ai commande hier et j ai rien eu"),
        ("vs avez la taille 42 dispo?", "vous avez la taille 42 disponible"),
        ("est ce k vs livrez 2main", "est ce que vous livrez demain"),
        ("ya koi en promo auj", "y a quoi en promo aujourd hui"),
        ("il ya encore des places 2m1 ?", "il y a encore des places demain"),
        ("je peux payer par cb ou en espèces", "je peux payer par carte bancaire ou en especes"),
        ("jvx 2 pizzas tt de suite", "je veux 2 pizzas tout de suite"),
        ("quil vienne avec ladresse", "qu il vienne avec l adresse"),
        ("les 2 c cb", "les 2 c est combien"),
        ("ces combien le px ?", "c est combien le prix"),
        ("bjr cv et vs", "bonjour ca va et vous"),
        ("tres b1 merci bcp", "tres bien merci beaucoup"),
        ("mnt ou des mtn", "maintenant ou des maintenant"),
        ("mon num de tel", "mon numero de tel"),
        ("mon tel marche pa", "mon telephone marche pas"),
        ("à+ et merci", "a plus et merci"),
        ("commande n°12", "commande numero 12"),
        ("how r u", "how are you"),
        ("y r u late", "why are you late"),
        ("hw mch is ur delivery pls", "how much is your delivery please"),
        ("can't u deliver 2day", "can t you deliver today"),
        ("pls dont call, i dont want dat", "please don t call i don t want that"),
        ("im waiting, wheres my order", "i m waiting where s my order"),
        ("abeg how much be dis bag", "please how much is this bag"),
        ("wetin dey happen to d order i don pay", "what is happening to the order i have paid"),
        ("I wan buy shoe, una fit deliver?", "i want to buy shoe you can deliver"),
        ("gr8, c u l8r", "great see you later"),
        ("thx 4u", "thanks for you"),
        ("tshirt on watsapp", "t shirt on whatsapp"),
    ],
)
def test_the_street_is_read_in_plain_words(text: str, read: str) -> None:
    assert plain(text) == read


@pytest.mark.parametrize("text", [text.strip() for text in STAYS.split("|")])
def test_what_only_looks_like_the_street_stays(text: str) -> None:
    assert plain(text) == fold(text)


def test_everyday_words_of_customers_stay() -> None:
    changed = {word: plain(word) for word in EVERYDAY.split() if plain(word) != word}

    assert changed == {}


def test_everyday_words_stay_beside_each_other() -> None:
    words = EVERYDAY.split()
    pairs = [f"{first} {second}" for first, second in zip(words, words[1:] + words[:1], strict=True)]

    assert [pair for pair in pairs if plain(pair) != pair] == []


def test_no_spelling_is_in_the_table_twice() -> None:
    spellings = [spelling for spelling, _ in entries()]

    assert sorted(spellings) == sorted(STREET)


def test_the_table_is_folded_on_both_sides() -> None:
    assert [pair for pair in STREET.items() if [fold(side) for side in pair] != list(pair)] == []


def test_every_spelling_is_read_as_the_table_says_and_what_it_means_is_plain() -> None:
    wrong = {spelling: plain(spelling) for spelling, meant in STREET.items() if plain(spelling) != meant}
    unsettled = {meant: plain(meant) for meant in STREET.values() if plain(meant) != meant}

    assert (wrong, unsettled) == ({}, {})


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("merciiii heyyy looool ouiiii", "merci hey lol oui"),
        ("plsssss slttt stpppp", "please salut s il te plait"),
        ("commmande helllo adressse personnne", "commande hello adresse personne"),
        ("sooooon freeee goood coooool callll yesss", "soon free good cool call yes"),
        ("bonnnjour merrrciii", "bonjour merci"),
        ("une pièce créée", "une piece cree"),
        ("mmmmmm", "mmm"),
        ("REFAAA1", "refaaa1"),
    ],
)
def test_letters_that_are_drawn_out_are_shortened(text: str, read: str) -> None:
    assert plain(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("👍", "ok"),
        ("👍🏽👍🏽👍🏽", "ok"),
        ("ok👍merci🙏", "ok ok merci 🙏"),
        ("😠😡🤬", "😡"),
        ("🙏", "🙏"),
        ("❤️💙", "❤"),
        ("🇨🇮🇨🇮🇳🇬", "🇨🇮 🇳🇬"),
        ("🤷‍♂️", "🤷"),
        ("12🍕", "12 🍕"),
    ],
)
def test_emoji_are_words_of_their_own(text: str, read: str) -> None:
    assert plain(text) == read


def test_emoji_that_are_alike_are_each_listed_once() -> None:
    listed = "".join(first + others for first, others in KIN.items())

    assert len(set(listed)) == len(listed)


WORDS = sorted({word for pair in STREET.items() for side in pair for word in side.split()})


@example("Ñ°")
@given(st.text(max_size=60))
def test_reading_a_text_twice_changes_nothing(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.lists(st.sampled_from([*WORDS, "5", "s", "heyyy", "😠", "🇨", "c'", "n°", "a+"]), max_size=12).map(" ".join))
def test_reading_the_street_twice_changes_nothing(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_000,
        "aab" * 3_300,
        "slt " * 2_500,
        "y r u " * 1_600,
        "c pa " * 2_000,
        "👍😡" * 5_000,
        "\x00\u202e" * 5_000,
        "a+" * 5_000,
        "🇨" * 9_999,
        "e\u0301" * 5_000,
        "أين" * 3_000,
        "how far " * 1_200,
        "\ud800" * 10_000,
    ],
    ids=lambda text: ascii(text[:6]),
)
def test_a_hostile_message_is_read_and_settles(text: str) -> None:
    read = plain(text)

    assert plain(read) == read
    assert len(read) <= 4 * len(text)


def test_a_bots_own_spellings_add_to_the_table_and_go_before_it() -> None:
    street = checked_street(
        {"SVC": "Service client", "cmd": "commandant", "mdr": "mdr", "où c": "adresse", "🍕": "pizza"}
    )

    assert plain("slt le svc", street) == "salut le service client"
    assert plain("ma cmd mdr", street) == "ma commandant mdr"
    assert plain("où c 🍕🍕 ?", street) == "adresse pizza"
    assert plain("ma cmd mdr") == "ma commande lol"


def test_a_bots_own_spellings_are_handed_back_folded() -> None:
    assert checked_street({"S.A.V.": "Après-vente"}) == {"s a v": "apres vente"}


@pytest.mark.parametrize(
    ("street", "said"),
    [
        (["svc"], "takes a dict of spellings"),
        ({"svc": 1}, "takes texts for texts"),
        ({1: "svc"}, "takes texts for texts"),
        ({"?!": "quoi"}, "both need a word"),
        ({"svc": " "}, "both need a word"),
        ({"svc": "service", "SVC": "services"}, '"svc" in two ways'),
        ({"merci2": "merci bcp"}, 'itself read as "merci beaucoup"'),
        ({"un": "deux", "deux": "trois"}, 'itself read as "trois"'),
        ({"prix": "prix total"}, "itself read as"),
    ],
)
def test_a_mistake_in_a_bots_spellings_is_one_clear_sentence(street: object, said: str) -> None:
    with pytest.raises(BotMistake, match=said) as mistake:
        checked_street(street)  # type: ignore[arg-type]  # what a bot could write

    assert "\n" not in str(mistake.value)


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ("bonjour", "fr"),
        ("Bonsoir à tous", "fr"),
        ("slt", "fr"),
        ("cc dispo ?", "fr"),
        ("c cb", "fr"),
        ("où est mon colis", "fr"),
        ("ou est ma comande", "fr"),
        ("jai pas recu", "fr"),
        ("g rien eu", "fr"),
        ("vs livrez a cocody ?", "fr"),
        ("le px svp", "fr"),
        ("merci bcp", "fr"),
        ("d'accord", "fr"),
        ("oui", "fr"),
        ("je veux annuler", "fr"),
        ("combien coûte la robe rouge", "fr"),
        ("ya quoi comme tailles", "fr"),
        ("vous ouvrez à quelle heure", "fr"),
        ("on dit koi", "fr"),
        ("tu peux m'appeler 2main", "fr"),
        ("pas encore arrivé 😡", "fr"),
        ("ok merci", "fr"),
        ("svp my order est ou", "fr"),
        ("bonjour, c'est pour le iphone please", "fr"),
        ("livrez moi ça asap svp", "fr"),
        ("hello", "en"),
        ("hi there", "en"),
        ("good morning sir", "en"),
        ("how far na", "en"),
        ("wetin be the price", "en"),
        ("abeg send am", "en"),
        ("where is my order", "en"),
        ("wer is my parcel", "en"),
        ("i wan buy shoe", "en"),
        ("hw mch", "en"),
        ("u dey open?", "en"),
        ("can i pay on delivery", "en"),
        ("pls call me", "en"),
        ("thx", "en"),
        ("i dont have it", "en"),
        ("is it available", "en"),
        ("yes", "en"),
        ("do you deliver to Abidjan", "en"),
        ("my order is late, merci", "en"),
        ("bonjour do you have this in blue", "en"),
        ("salut where is the shop", "en"),
        ("", None),
        ("12", None),
        ("👍", None),
        ("ok", None),
        ("AB123456", None),
        ("iphone 14", None),
        ("bonjour hello", None),
        ("où где", "fr"),
        ("где мой заказ", None),
        ("أين طلبي", None),
        ("wo ist mein paket", None),
    ],
)
def test_the_language_of_a_message_is_guessed_from_its_commonest_words(text: str, guess: str | None) -> None:
    assert language(text) == guess
