"""The sentences by which people ask for an end of messages, in French and English. A table only.

Each is a pattern over folded words; a name in braces stands for the alternatives listed under it, which may name those
before it. `OPENS_…` is what may come before any of them. Read by `nearly`, which matches whole messages.
"""

from __future__ import annotations

__all__ = ["ENGLISH", "FRENCH", "MENDED", "OPENS_EN", "OPENS_FR", "OTHERS", "STOPS", "WORDS_EN", "WORDS_FR"]

WORDS_FR = {
    "AD": "pubs?|publicites?|spams?|newsletters?|demarchages?",
    "POST": "{AD}|promos?|promotions?|messages?|msgs?|sms|mails?|e mails?|emails?|textos?|offres?"
    "|notifications?|notifs?"
    "|annonces?|envois?|sollicitations?|trucs",
    "KIND": "publicitaires?|promotionnels?|promotionnelles?|commerciaux|commerciales?|indesirables?|marketing"
    "|promo|pub"
    "|whatsapp",
    "THE": "les|des|vos|ces|tes|mes|la|le|l|cette|votre|ce|de|d|du|aux|a|avec|tous|toutes|toute|aucun|aucune|autres?"
    "|nouveaux|nouvelles",
    "THINGS": "(?:(?:{THE}) ){{0,3}}(?:{POST})(?: (?:{KIND}))?",
    "THIS": "ca|cela|tout ca|rien|{THINGS}",
    "END": "arret(?:e|es|ez|er|ons)|cess(?:e|ez|er)|stopp?(?:e|ez|er)|stop",
    "WRITE": "ecri(?:vez|s|re|viez)|envo(?:yez|ie|ies|yer|yiez)|contact(?:ez|e|es|er|iez)|derang(?:ez|e|es|er|iez)"
    "|harcel(?:ez|e|es|er)|spamm?(?:ez|e|es|er)|sollicit(?:ez|e|es|er)|embet(?:ez|e|es|er)|fatigu(?:ez|e|es|er)"
    "|relanc(?:ez|e|es|er)|texto(?:tez|ter)",
    "WANT": "veux|ve|voudrais|souhaite|souhaiterais|desire|aimerais|veut|voulons|souhaitons",
    "GET": "recevoir|avoir|voir|lire",
    "LIST": "listes?|fichiers?|contacts|base|base de donnees|repertoire|listing|diffusion",
    "OFF": "retire[rz]?|enleve[rz]?|supprime[rz]?|efface[rz]?|ote[rz]|raye[rz]|sortez|sortir",
    "ME": "moi|nous|mon numero|mon contact|mes coordonnees|ce numero",
    "LEAVE": "desabonner|desinscrire",
    "WHERE": " (?:de|des|d) (?:(?:{THE}) )?(?:{LIST}|{POST})(?: (?:de|d) (?:diffusion|envois?"
    "|contacts?))?(?: (?:{KIND}))?",
    "TO_ME": "(?:me |m ?|nous )",
    "LATER": "(?: (?:(?:je )?(?:ne )?suis pas interessee?|avec {THINGS}|de votre part|de vous|a l avenir"
    "|desormais|maintenant|du tout|encore|sur (?:mon|ce) numero"
    "|sur (?:mon )?whatsapp|jamais))?",
}  # fmt: skip
FRENCH = (
    "(?:{END})(?: (?:de|d))? {TO_ME}(?:{WRITE})(?: (?:{THIS}|n importe quoi))?{LATER}",
    "(?:{END})(?: (?:de|d))? (?:spammer|recevoir {THINGS})",
    "(?:{END}) {THINGS}{LATER}",
    "(?:{END})(?: tout)?",
    "(?:ne ?|n )?{TO_ME}(?:{WRITE}) plus(?: jamais)?(?: (?:{THIS}))?{LATER}",
    "(?:ne ?|n )envoyez plus {THINGS}{LATER}",
    "(?:ne )?plus(?: jamais)? {TO_ME}(?:{WRITE})(?: (?:{THIS}))?{LATER}",
    "(?:je |on )?refuse (?:de recevoir )?{THINGS}{LATER}",
    "(?:je |j |on |nous )?(?:ne |n )?(?:{WANT}) (?:ne )?(?:plus|plu"
    "|pas)(?: jamais)?(?: rien)? (?:{GET})(?: (?:{THIS}))?"
    "{LATER}",
    "(?:je |on |nous )?ne (?:{WANT}) (?:plus|plu|pas) {THINGS}{LATER}",
    "(?:je |on )?(?:{WANT}) (?:plus|plu|pas) (?:de|d) (?:(?:{THE}) )?(?:{AD}|messages?|sms)(?: (?:{KIND}))?{LATER}",
    "(?:je )?(?:ne )?(?:{WANT}) (?:plus|pas) que vous (?:me|m) (?:{WRITE})(?: (?:{THIS}))?{LATER}",
    "(?:je )?(?:ne )?(?:{WANT}) (?:plus|pas) etre (?:contactee?|derangee?|sollicitee?){LATER}",
    "(?:{OFF}) (?:{ME})(?:{WHERE})?",
    "{TO_ME}(?:{OFF})(?:{WHERE})",
    "(?:(?:je|j) (?:{WANT}) )?(?:(?:me|m|nous) )?(?:{LEAVE})(?: moi)?(?:{WHERE}| de ca| ici)?",
    "comment (?:(?:je fais|faire|on fait|dois je faire) pour |puis je |peut on |je peux )?(?:me|m|se|s) (?:{LEAVE})"
    "(?:{WHERE})?",
    "comment (?:(?:je fais|faire|on fait) pour )?(?:(?:arreter|stopper)(?: de recevoir)?|ne plus (?:{GET})) {THINGS}",
    "(?:annule[rz]?|resilie[rz]?) (?:mon )?(?:abonnement|inscription) (?:a )?{THINGS}",
    "(?:je )?(?:ne )?suis (?:pas|plus) interessee? par {THINGS}",
    "(?:vos|ces|tes) (?:{POST})(?: (?:{KIND}))? (?:me|nous) (?:derangent|fatiguent|harcelent|saoulent|gavent"
    "|enervent)",
    "(?:desabonnez|desabonne|desinscrivez|desinscris) (?:moi|nous|mon numero)(?:{WHERE})?",
    "je me (?:desabonne|desinscris)(?:{WHERE})?",
    "(?:desabonnement|desinscription)",
    "(?:(?:je|j|jen|j en) (?:en ai|ai|suis) )?(?:assez|marre|ras le bol|fatiguee?) (?:de|d)(?: recevoir)? {THINGS}",
    "(?:ca suffit|basta)(?: avec)? {THINGS}",
    "(?:plus|plu|pas|zero|aucune?) (?:(?:de|d) )?(?:{AD})(?: (?:{KIND}))?{LATER}",
    "plus(?: jamais)? (?:de|d) (?:messages?|sms|envois?)(?: (?:{KIND}))?{LATER}",
    "(?:laisse[rz]?|foutez|fous|fichez|fiche) moi (?:tranquille|en paix|la paix)",
)  # fmt: skip
OPENS_FR = (
    "(?:(?:veuillez|pouvez vous|peux tu|pourriez vous|vous pouvez|tu peux|merci de|merci d|il faut|je vous prie de|"
    "je vous prie d|je vous demande de|je vous demande d|je veux que vous|stop|ca suffit"
    "|(?:je )?(?:ne )?suis pas interessee?|pas interessee?) )?"
)
WORDS_EN = {
    "POST": "messages?|msgs?|texts?|sms|ads?|adverts?|advertisements?|advertising|promos?|promotions?|promotional"
    "|offers?|newsletters?|spams?|mails?|emails?|e mails?|notifications?|marketing|campaigns?|broadcasts?",
    "KIND": "promotional|marketing|promo|spam|advertising|text|whatsapp|sms|unwanted|annoying|stupid",
    "THE": "all|any|these|those|this|your|the|such|so many|more|further|of|with|other|that",
    "THINGS": "(?:(?:{THE}) ){{0,4}}(?:(?:{KIND}) )?(?:{POST})",
    "THIS": "this|these|those|that|anything|stuff|this stuff|these things|{THINGS}",
    "END": "stop|quit|cease",
    "WRITING": "(?:dey )?(?:send|sending|disturb|text|message)|msging|txting|receiving|getting|texting"
    "|messaging|writing|contacting|spamming|bothering|harassing|emailing|disturbing",
    "WRITE": "message|text|contact|write|spam|bother|email|disturb|msg",
    "NOT": "do not|don t|dont|never|don t ever|do not ever|pls don t",
    "AGAIN": "(?: (?:again|anymore|any more|no more|any longer|ever again|from now on|from you|from this number))?",
    "WANT": "want|wish|need|like|care",
    "GET": "to (?:receive|get|see|read|have|be sent|keep getting|keep receiving)|getting|receiving",
    "LISTS": "list|lists|mailing list|contact list|database|contacts|mailing lists|broadcast list|distribution list",
    "ME": "me|us|my number|my phone number|this number|my contact|my details|my phone",
    "FROM": " (?:from|off|of|out of|off of|to) (?:(?:{THE}) ){{0,2}}(?:{LISTS}|{POST}|(?:{KIND}) (?:{POST})"
    "|this|these)",
}  # fmt: skip
ENGLISH = (
    "(?:{END})(?: (?:{WRITING}))(?: (?:me|us|to me|{ME}))?(?: (?:{THIS}))?(?: to (?:{ME}))?{AGAIN}",
    "(?:{END}) {THINGS}{AGAIN}",
    "i (?:want|would like|d like|need) to stop (?:receiving|getting) {THINGS}{AGAIN}",
    "cancel my subscription (?:to|for|of) {THINGS}",
    "(?:your|these|those) (?:(?:{KIND}) )?(?:{POST}) (?:are annoying|annoy me|bother me|disturb me)(?: me)?",
    "stop",
    "no(?: more)? (?:(?:of|your|these|the) ){{0,2}}(?:(?:{KIND}) )?(?:{POST}){AGAIN}",
    "(?:{NOT}) (?:{WRITE})(?: to)? (?:me|us){AGAIN}",
    "(?:{NOT}) send(?: (?:me|us))? (?:{THIS}){AGAIN}",
    "i (?:{NOT}|no longer|am not willing to) (?:{WANT})(?: (?:{GET}))? {THINGS}{AGAIN}",
    "i (?:{NOT}|no longer) (?:{WANT}) to (?:hear from you|be contacted|receive anything|get anything){AGAIN}",
    "(?:remove|delete|drop|erase) (?:{ME})(?:{FROM})?",
    "take (?:{ME})(?:{FROM})",
    "(?:i (?:want|would like|d like|wish|need|like) to |let me |can i |may i |i )?(?:unsubscribe|opt out"
    "|optout)(?: (?:me|us|my number))?"
    "(?: now)?(?:{FROM})?",
    "how (?:do i|can i|could i|to|do you|i can|should i) (?:unsubscribe|opt out|stop (?:getting "
    "|receiving )?{THINGS})"
    "(?:{FROM})?",
    "(?:opt|sign) me out(?:{FROM})?",
    "leave (?:me|us) alone",
    "(?:i (?:am|m) )?(?:enough|tired|sick|fed up)(?: already)?(?: (?:of|with))? (?:getting )?{THINGS}",
)
OPENS_EN = (
    "(?:(?:can you|could you|would you|will you|can u|i want you to|you should|you must|i said|i asked you to|just|"
    "stop it|stop|enough|i (?:am|m) not interested|not interested) )?"
)
STOPS = frozenset({"stpo", "sotp", "tsop", "stopp", "sttop", "sstop", "ztop", "stopez", "stoppez", "stopit"})
"""Typing slips of a word too short to be guessed at: "step" and "shop" are one letter away."""
MENDED = (
    "unsubscribe", "desabonner", "desabonnez", "desabonnement", "desinscrire", "desinscrivez", "desinscription",
    "publicite", "publicites", "promotions", "newsletter",
)  # fmt: skip
OTHERS = frozenset(
    {"unsubscribed", "unsubscribes", "desabonne", "desabonnee", "desabonnes", "desinscrit", "desinscrits"}
)
"""Words of their own, so close to those."""
