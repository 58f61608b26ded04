"""`STREET`: how people spell words on WhatsApp, in French and English, and the plain words they mean. A table only.

Everything in it is folded (`flashbot.dialogue.text.fold`). A spelling that is also an ordinary word, a unit, a brand or
short for something else is in it only together with a neighbour: "vs" is "vous" in "avez vs" and stays in
"arsenal vs chelsea"; "mtn" is an operator unless it follows "des".

Read for what is in use and what it means: "Langage SMS", "SMS language" and "Nigerian Pidgin" (Wikipedia), "Langage
SMS" (Wikimini), "Langage SMS : lexique de base" (abcdufrancais.com), "Ecrire et comprendre le SMS" (vivat.be), "Texting
terms" (Macmillan Dictionary), "15 Nigerian Pidgin English Phrases You Need to Know" (theculturetrip.com), "Localizing
Global XX
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["KIN", "STREET"]


class Near(NamedTuple):
    """A spelling that is read only beside one of these words."""

    written: str
    meant: str
    before: str = ""
    """Words that may come before it, with commas."""
    after: str = ""
    """Words that may come after it, with commas."""


ALONE: dict[str, str] = {  # plain words: how they are written
    # French: manners
    "bonjour": "bjr, bnjr, bjour, bjrs, bonjr",
    "bonsoir": "bsr, bsoir, bonsr",
    "salut": "slt, slts, salu",
    "salam": "slm",
    "coucou": "cc",
    "merci": "mrc, mrci, mersi, cimer",
    "s il te plait": "stp, stpl, stpp, siteplait, silteplait",
    "s il vous plait": "svp, svpl, svpp, s v p, sivouplait, silvouplait, silvousplait, siouplait",
    "desole": "dsl, dzl, yako",
    "d accord": "daccord, dacord, dacc, dac, dak, dakor, d acc, d ac",
    "ok": "okay, okey, oki, okk, kk, 👍, 👌, 🆗",
    "oui": "ouai, ouais, ouep, oue",
    "non": "nn",
    "pour vous": "pr vs",
    "comment ca va": "ca dit quoi, on dit quoi",
    "a bientot": "abientot, ab1to, abi1to",
    "bientot": "bi1to, b1to",
    "a demain": "a2m1, a2main",
    "bien": "bi1",
    "bien sur": "b1sur, b1 sur, biensur",
    "cordialement": "cdlt, crdlt",
    "bisous": "bsx",
    "t inquiete pas": "tkt, tqt",
    "lol": "mdr, ptdr, lmao",
    "madame": "mme",
    "mademoiselle": "mlle",
    # French: questions
    "quoi": "koi, qoi, kwoi",
    "pourquoi": "pk, pq, pkoi, pquoi, prkoi, prq, porkoi, pourkoi",
    "comment": "cmt, cmnt, koman, koment, komen",
    "combien": "cb, cmb, cmbn, cmbien, cbien, combi1, kombien, konbien",
    "quand": "qd, kan, kand",
    "qui": "ki",
    "que": "ke",
    "quel": "kel",
    "quelle": "kelle",
    "quels": "kels",
    "quelles": "kelles",
    "qu il": "quil, kil",
    "qu ils": "quils",
    "qu on": "quon",
    "qu un": "quun",
    "qu une": "quune",
    "qu est ce": "quest ce",
    "qu est ce que": "keske, kesk, kesque, quesque, quesceque",
    "qu est ce qu il": "keskil",
    "est ce": "estce",
    "est ce que": "eske, esk, esque, estceque, es ce que, esse que",
    "est ce qu il": "eskil",
    "est ce qu on": "eskon",
    "c est": "cest",
    "c est quoi": "c koi, cest koi, ckoi, cquoi",
    "c est qui": "c ki, cki",
    "c est bien": "c b1",
    "c est bon": "c bn, c est bn",
    "c etait": "cetait",
    "quelque": "qlq",
    "quelques": "qlqs, qques",
    "quelqu un": "qqn, qqun, qlqn, qq1, kk1, quelquun, kelkun",
    "quelque chose": "qqch, qqchose",
    "tout le monde": "tlm, tt le monde",
    # French: who does what
    "j ai": "jai",
    "j avais": "javais",
    "j aimerais": "jaimerais, jaimerai, j aimerai",
    "j aurais": "jaurais",
    "j attends": "jattends, jattend",
    "j arrive": "jarrive",
    "j espere": "jespere, jspr",
    "j etais": "jetais",
    "j habite": "jhabite",
    "j essaie": "jessaie, jessaye",
    "j utilise": "jutilise",
    "je suis": "chui, chuis, jsuis, jsui",
    "je veux": "jveux, jvx, jveu",
    "je voudrais": "jvoudrais, jvoudrai",
    "je voulais": "jvoulais",
    "je peux": "jpeux, jpe, jpeu",
    "je sais": "jsais",
    "je sais pas": "jsp, je c pas, chais pas",
    "je vais": "jvais, jvai",
    "je dois": "jdois",
    "je fais": "jfais",
    "je cherche": "jcherche",
    "je comprends": "jcomprends, jcomprend",
    "je pense": "jpense",
    "je crois": "jcrois",
    "je prends": "jprends, jprend",
    "je viens": "jviens",
    "je te": "jte",
    "je vous": "jvous, jvs",
    "veux": "vx",
    # French: small words
    "il y a": "ilya",
    "y a t il": "ya t il, ya til, yatil, y atil, y a til",
    "n y a": "ny a",
    "s il": "sil",
    "parce que": "pcq, pck, pcke, pske, psk, psq, parske, parceque",
    "toujours": "tjs, tjrs, tjr, tjours",
    "beaucoup": "bcp, bcoup, bocou, boku",
    "tout": "tt",
    "toute": "tte",
    "toutes": "ttes",
    "avec": "avk, avek",
    "aussi": "ossi",
    "donc": "dnc, donk",
    "alors": "alrs, alor",
    "depuis": "dpuis, dpui",
    "avant": "avt",
    "chaque": "chq, chak, chaq",
    "jamais": "jms",
    "trop": "tro",
    "vraiment": "vrmt, vrmnt, vmt",
    "comme": "kom, kome, komme",
    "petit": "pti, ptit",
    "petite": "ptite",
    "jusqu a": "jusqua",
    "jusqu au": "jusquau",
    "d abord": "dabord",
    "d habitude": "dhabitude",
    "d argent": "dargent",
    "l heure": "lheure",
    "l adresse": "ladresse",
    "l argent": "largent",
    "l article": "larticle",
    "l application": "lapplication, lappli",
    "l offre": "loffre",
    "l agence": "lagence",
    "l abonnement": "labonnement",
    # French: time
    "aujourd hui": "auj, ajd, ojd, aujourdhui, aujourdui, aujourd8, ojourd8",
    "demain": "2main, 2m1, dmain, dem1",
    "maintenant": "mnt, mtnt, maint, m1tnan, m1tenan, mintenan",
    "apres midi": "aprem",
    "temps": "tps",
    "longtemps": "lgtps, longtps, lgtemps",
    "jours": "jrs",
    # French: shops
    "rendez vous": "rdv, rdvs, rendezvous",
    "message": "msg, mesg",
    "messages": "msgs",
    "numero": "num",
    "telephone": "telef",
    "disponible": "dispo",
    "disponibles": "dispos",
    "adresse": "adrs, adr",
    "commande": "cmde, cmd, cde, komande, komand",
    "commandes": "cmdes, cmds, cdes",
    "livraison": "livrezon, livreson",
    "quantite": "qte",
    "demande": "dmde",
    "probleme": "pbm, pblm, pblme",
    "problemes": "pbms",
    "reduction": "reduc",
    "reservation": "resa",
    "application": "appli",
    "appartement": "appart",
    "restaurant": "resto",
    "anniversaire": "anniv",
    "ordinateur": "ordi",
    "cadeau": "kdo",
    "cadeaux": "kdos",
    "carte bancaire": "carte cb",
    "papier toilette": "papier pq",
    "photo": "foto, tof",
    "photos": "fotos, tofs",
    # Both
    "whatsapp": "watsapp, watsap, whatsap, whatapp, wattsap, whatssap, wtsp, wzp, whats app",
    "facebook": "fb",
    "instagram": "insta",
    "wifi": "wi fi",
    "email": "e mail",
    "emails": "e mails",
    "weekend": "week end, wkend, wknd",
    "t shirt": "tshirt, tee shirt, teeshirt",
    "t shirts": "tshirts, tee shirts, teeshirts",
    # English: manners
    "hello": "helo, hllo, hlo, ello",
    "hi": "hii, hiya",
    "hey": "heyy",
    "good": "gud",
    "good morning": "goodmorning, gudmorning",
    "good evening": "goodevening, gudevening",
    "good afternoon": "goodafternoon, gudafternoon",
    "good night": "goodnite, gudnite, gud nyt, gd nyt",
    "morning": "mrng, mornin",
    "evening": "evng",
    "night": "nite",
    "please": "pls, plz, plss, plzz, plse, pliz, abeg, abegi, biko",
    "thanks": "thx, tnx, thnx, thks, thnks, tks, thanx, tanx",
    "thank you": "thankyou, thanku, thank u, thank ya, ty",
    "thank you so much": "tysm",
    "welcome": "wlcm",
    "sorry": "sry, sori",
    "problem": "wahala, prblm",
    "no problem": "np",
    "yes": "yh, yea, yep, yup",
    "never mind": "nvm",
    "let me know": "lmk",
    "by the way": "btw",
    "for your information": "fyi",
    "as soon as possible": "asap",
    "don t know": "dunno",
    "what s up": "wassup, wasup",
    "how are you": "hru, how u dey, how you dey, how far na, how far bro, how far boss, how far sir, how far oga",
    "what about you": "wbu, hbu",
    "see you": "c u, c ya, see u, see ya",
    "sir": "oga",
    # English: questions
    "what": "wat, wht, wot, wut, wetin",
    "what is": "wetin be, na wetin",
    "what is happening": "wetin dey happen",
    "what s": "whats, wats",
    "when": "wen, whn",
    "where": "whr, wher",
    "where are you": "where you dey, where una dey",
    "where s": "wheres",
    "how much": "howmuch, hwmuch",
    "how much is": "how much be",
    "how much is it": "na how much",
    "how s": "hows",
    "who s": "whos",
    "much": "mch",
    # English: who does what
    "i m": "im",
    "i ve": "ive",
    "i am": "i dey",
    "i can t": "i no fit",
    "i don t have": "i no get",
    "i don t see": "i no see",
    "i don t know": "idk, i no know, i no sabi",
    "i don t want": "i no want",
    "i don t understand": "i no understand",
    "i have paid": "i don pay",
    "i have ordered": "i don order",
    "i have sent": "i don send",
    "i have received": "i don receive",
    "it doesn t work": "e no work, e no dey work",
    "you can": "una fit",
    "it is": "e dey",
    "it is not": "e no dey",
    "it has": "e don",
    "is available": "dey available",
    "you": "u",
    "your": "ur",
    "yours": "urs",
    "yourself": "urself",
    "you re": "youre",
    "you ve": "youve",
    "you ll": "youll",
    "they re": "theyre",
    "that s": "thats",
    "there s": "theres",
    "here s": "heres",
    "he s": "hes",
    "she s": "shes",
    "don t": "dnt",
    "doesn t": "doesnt",
    "didn t": "didnt",
    "isn t": "isnt",
    "aren t": "arent",
    "wasn t": "wasnt",
    "weren t": "werent",
    "can t": "cant",
    "couldn t": "couldnt",
    "won t": "wont",
    "wouldn t": "wouldnt",
    "shouldn t": "shouldnt",
    "hasn t": "hasnt",
    "haven t": "havent, havnt",
    "hadn t": "hadnt",
    "ain t": "aint",
    "let me": "lemme",
    "give me": "gimme",
    "want to": "wanna, wana",
    "going to": "gonna",
    "got to": "gotta",
    # English: small words
    "because": "coz, cuz, cos, bcoz, bcuz, bcos, becos, bcz",
    "that": "dat, tht, wey",
    "there": "dere",
    "though": "tho",
    "through": "thru",
    "about": "abt",
    "already": "alrdy, alredy",
    "never": "nvr",
    "really": "rly",
    "between": "btwn",
    "before": "bfr",
    "something": "smth, sumthin",
    "and": "nd",
    "just": "jst",
    "from": "frm",
    "have": "hv, hav",
    "know": "kno, knw, sabi",
    "could": "cld, cud",
    "should": "shld, shud",
    "would": "wld, wud",
    "like": "lyk",
    "love": "luv",
    "send": "snd",
    "check": "chk",
    "help": "hlp",
    "work": "wrk",
    "working": "wrking, workin",
    "fine": "fyn",
    "people": "ppl",
    "anyone": "any1",
    "someone": "some1, sum1",
    "everyone": "every1",
    "for you": "4u, 4 u",
    "for me": "4me",
    "forget": "4get",
    "great": "gr8, grt",
    "late": "l8",
    "later": "l8r",
    "straight": "str8",
    "kind of": "kinda",
    # English: time
    "today": "2day, tdy",
    "tomorrow": "tmrw, tmr, tmw, tmrow, 2moro, 2mrw, 2mro, 2morrow, tomoro, tomorow, tomorro",
    "tonight": "2nite, 2night, tonite",
    "time": "tym",
    "next": "nxt",
    # English: shops
    "available": "avlble, avlbl, avlb, avble, availble, avalable",
    "deliver": "dlvr",
    "delivery": "dlvry, delvry, delivry",
    "received": "rcvd, recvd, recd",
    "payment": "pymt, pymnt, paymt",
    "transfer": "trf, trsf, trnsfr",
    "account": "acct, accnt",
    "amount": "amt",
    "quantity": "qty",
    "exchange": "xchange",
    "appointment": "appt",
    "birthday": "bday, b day",
    "phone": "fone",
    "youtube": "u tube",
}

BESIDE: tuple[Near, ...] = (
    # French. Else "c" is a vitamin or a plug, "g" grams, "t" the end of "don't", "sa" and "ces" are words
    Near(
        "c",
        "c est",
        after="quoi, combien, comment, quand, ou, qui, pourquoi, quel, quelle, bon, bien, ok, pas, trop, tres,"
        " pour, un, une, le, la, les, ma, moi, vous, disponible, possible, cher, grave, normal, parti,"
        " sur, fini, encore, toujours, deja, urgent, gratuit, vrai, faux, dans, note, fait, ca, dommage,"
        " mieux, du, en, si",
    ),
    Near("ce", "c est", after="combien, quoi"),  # "cé"
    Near("se", "c est", after="combien, quoi, ou"),
    Near("s est", "c est", after="combien, quoi"),
    Near(
        "g",
        "j ai",
        after="recu, commande, paye, envoye, achete, perdu, oublie, vu, fait, mal, pas, rien, besoin, un, une,"
        " des, le, la, les, mon, ma, mes, deja, encore, toujours, trop, essaye, demande, appele, change,"
        " pris, mis, bien, tout, eu, faim, juste, plus, vraiment, aussi, dit, rendez, du, trouve, laisse,"
        " fini, attendu, annule, reserve",
    ),
    Near("t", "tu es", after="ou, la, disponible, libre, qui, sur, serieux"),
    Near("jaime", "j aime", after="pas, bien, beaucoup, trop, ce, cette, ca, le, la, les, vos, votre"),
    Near("k", "que", before="ce, parce, est ce, dit", after="je, tu, vous, il, elle, on, nous, ca"),
    Near("q", "que", before="ce, parce, est ce, dit", after="je, tu, vous, il, elle, on, nous, ca"),
    Near("ct", "c etait", after="combien, pour, quoi, pas, bien, hier, le, la, un, une, trop, tres"),
    Near("ces", "c est", after="combien, quoi, pas, bon, possible, cher, comment, quand, qui, pour"),
    Near("ses", "c est", after="combien, quoi, pas, bon, possible, cher, comment, quand, qui, pour"),
    Near("sa", "ca", after="va, coute, fait, marche, prend, vient, depend, suffit, m, vous, arrive"),
    Near("cv", "ca va", before="bonjour, salut, coucou, bonsoir, salam", after="et, toi, bien, merci, cool"),
    Near("b1", "bien", before="c est, va, vas, allez, tres, trop, suis, etes", after="recu, merci, et"),
    Near("ya", "y a", before="il", after="pas, plus, quoi, combien, encore, un, une, du, de, des, rien, quel"),
    Near("ya", "ca va", after="foye, fohi"),
    Near(
        "pa",
        "pas",
        before="c est, y a, ai, est, sais, veux, peux, marche, fonctionne, suis, comprends, va, vous, arrive, avez,"
        " livrez, repondez",
        after="encore, recu, possible, cher, trop, disponible, normal, grave, bon, moyen, loin",
    ),
    Near("mtn", "maintenant", before="des, jusqu a, partir de"),
    Near(
        "vs",
        "vous",
        before="avez, etes, pouvez, voulez, faites, vendez, livrez, acceptez, prenez, allez, savez, a, avec, chez,"
        " pour, je, et, que, de, si, donc, dites, ouvrez, fermez, pourquoi, quand",
        after="avez, etes, pouvez, voulez, faites, vendez, livrez, acceptez, prenez, allez, savez, aussi, ouvrez,"
        " fermez, plait, etiez, aviez, pouviez, remercie, proposez, repondez, en, deja, dites, ete, ave, aver, livre,"
        " livrer, vende, vendre, ouvre, ouvrer, ferme, fermer, faite, prene, accepte, accepter",
    ),
    Near(
        "ns", "nous", before="avec, pour, chez, entre, a", after="avons, sommes, pouvons, voulons, allons, aussi, deux"
    ),
    Near("ts", "tous", before="a, pour, vous", after="les, mes, vos, nos, ces, deux"),
    Near(
        "pr",
        "pour",
        before="c est, merci, disponible",
        after="moi, toi, vous, nous, lui, le, la, les, un, une, mon, ma, mes, ce, cette, demain, quand, combien,"
        " savoir, commander, payer, acheter, avoir, livrer, etre, ca, des, votre, vos, quel, quelle, homme,"
        " femme, enfant",
    ),
    Near("ds", "dans", after="le, la, les, mon, ma, mes, un, une, votre, vos, quel, quelle, ce, cette, combien, ton"),
    Near("ms", "mais", after="je, il, on, pas, c, moi, vous, j, ca"),
    Near("mm", "meme", before="le, la, les, quand, de, moi, pas, lui", after="prix, si, chose, temps, taille, couleur"),
    Near("avc", "avec", after="un, une, les, mon, ma, des, toi, vous, moi, ca, quoi, vos, votre, qui"),
    Near("na", "n a", after="pas, rien, jamais"),
    Near("nai", "n ai", after="pas, rien, jamais, plus"),
    Near("nest", "n est", after="pas, jamais"),
    Near("px", "prix", before="le, les, du, au, quel, bon, dernier, meilleur"),
    Near("px", "peux", before="je, tu"),
    Near("pb", "probleme", before="un, le, ce, mon, du, de, gros, petit, quel, aucun", after="avec, de, sur"),
    Near("tel", "telephone", before="numero, mon, ton, votre, le, par, au, son, vos", after="portable, fixe"),
    Near("mp", "message prive", before="en, par, un"),
    Near("pv", "prive", before="en"),
    Near("om", "orange money", before="par, via, numero, compte, mon"),
    Near(
        "cb",
        "carte bancaire",
        before="par, en, la, ma, ta, sa, votre, vos, une, avec, sans, ou, payer, paye, paiement, accepte,"
        " acceptez, prenez, numero de",
        after="ou, refusee, bloquee, volee, perdue, acceptee, visa, mastercard",
    ),
    Near("pq", "papier toilette", before="du"),
    # English. Else "dont" and "dis" are French, "fit", "am" and "ill" words, "cc" is "coucou", "b" a plan, "u" a letter
    Near(
        "dont",
        "don t",
        before="i, you, we, they, please, why, just, still, really, but",
        after="know, want, have, need, like, work, get, see, understand, think, worry, forget, call, send, let,"
        " be, do, even, deliver, accept, take, you, we, they, care, ship, sell, use",
    ),
    Near(
        "r",
        "are",
        before="how, where, what, who, you, we, they, when, prices, these",
        after="you, we, they, there, your",
    ),
    Near("y", "why", after="is, are, did, do, does, not, can, has, have, don, didn, isn, my, this, was, am"),
    Near("hw", "how", after="much, many, long, far, are, do, does, can, about, is, to, you, s"),
    Near("wer", "where", after="is, are, can, do, did, s, you, my"),
    Near("b", "be", before="will, can, would, could, should, must", after="there, able"),
    Near("b4", "before", after="i, you, the, it, tomorrow, my, we"),
    Near("cn", "can", after="i, you, we"),
    Near("gd", "good", after="morning, evening, afternoon, day, night, price, quality"),
    Near("gm", "good morning", after="sir, ma, madam, dear, boss, everyone"),
    Near("lets", "let s", after="go, get, do, talk, see, try, have, play, make, start, find, book, check, meet"),
    Near("ill", "i ll", after="be, take, pay, come, send, order, wait, call, buy, need"),
    Near("id", "i d", after="like, love, prefer, rather"),
    Near(
        "cc",
        "credit card",
        before="my, our, the, a, your, new",
        after="bill, application, number, payment, debt, limit, card, visa",
    ),
    # Nigerian Pidgin
    Near(
        "dis",
        "this",
        before="is, of, for, in, about, get, buy, want, like",
        after="one, is, product, thing, phone, order, item, shoe, bag, number, app, money",
    ),
    Near(
        "d",
        "the",
        before="of, for, about, from",
        after="price, order, money, item, delivery, shop, phone, product, payment, package, app",
    ),
    Near("dem", "they", after="no, don, never, send, say, tell"),
    Near(
        "una", "you", before="do, are, how, which, when, can", after="get, dey, sell, deliver, open, close, no, still"
    ),
    Near("wan", "want to", after="buy, order, pay, know, ask, send, see, check, book, cancel, change, get, make, do"),
    Near("fit", "can", after="help, send, buy, pay, deliver, track, collect"),
    Near("am", "it", before="send, pay, buy, return, deliver, collect, bring"),
)

KEPT = (
    "usb c, type c, vitamine c, vitamin c, vit c, plan c, classe c, groupe c, hepatite c, permis c, bloc c, block"
    " c, porte c, zone c, batiment c, terminal c, option c, reponse c, bonnet c, niveau b1, super u, hyper u,"
    " systeme u, u turn, u a e, a pk, au pk, vers pk, quartier pk, koi carp, koi fish, box dsl, internet dsl, dsl"
    " internet, dsl modem, dsl line, dsl connection"
)
"""Phrases that would be read otherwise: at a PK ("point kilométrique") people live, and ask for delivery."""

KIN: dict[str, str] = {
    "😡": "😠🤬👿😤💢",
    "😂": "🤣😹😆",
    "😢": "😭😥😞😔🙁☹",
    "❤": "💙💚💛🧡💜🖤💕💖💗💓💞💝♥",
    "❓": "❔",
    "❗": "❕",
    "✅": "✔☑",
    "❌": "✖❎",
    "📞": "☎📲",
}
"""Emoji that say the same as the first, and are read as it."""


def entries() -> Iterator[tuple[str, str]]:
    """Every spelling with its plain words; a test sees that none comes twice."""
    for meant, written in ALONE.items():
        for spelling in _listed(written):
            yield spelling, meant
    for near in BESIDE:
        for word in _listed(near.before):
            yield f"{word} {near.written}", f"{word} {near.meant}"
        for word in _listed(near.after):
            yield f"{near.written} {word}", f"{near.meant} {word}"
    for phrase in _listed(KEPT):
        yield phrase, phrase


def _listed(words: str) -> list[str]:
    return words.split(", ") if words else []


STREET: Mapping[str, str] = MappingProxyType(dict(entries()))
"""A spelling, one word or a few, to its plain words."""
