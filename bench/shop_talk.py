"""What people write to shops, banks and assistants, and the words of such talk: our own text, from no set of messages.

A phrase a line, with a gap `{w}` or more for `bench/distil.py` to fill; words with spaces between them.
"""

from __future__ import annotations

__all__ = ["ENGLISH_PHRASES", "ENGLISH_WORDS", "FRENCH_PHRASES", "FRENCH_WORDS"]

ENGLISH_PHRASES = """
how do i {w} my {w}
can you {w} the {w} please
i want to {w} my {w}
i would like to {w} a {w}
i need {w} for my {w}
where is my {w}
where can i find {w}
what is the {w} of the {w}
what is my {w}
what's the {w} for {w}
when will my {w} arrive
when do you {w}
why was my {w} {w}
why is the {w} not {w}
is there a {w} for {w}
do you have {w} in {w}
do you {w} to {w}
how much does the {w} cost
how much is {w}
how long does {w} take
how many {w} are left
i have not received my {w}
my {w} is {w}
my {w} is not working
the {w} doesn't {w}
i can't {w} my {w}
i lost my {w}
i forgot my {w}
please {w} my {w}
please {w} it
cancel my {w}
change the {w} to {w}
tell me about {w}
tell me the {w}
show me {w}
set {w} to {w}
turn {w} the {w}
remind me to {w}
play some {w}
find me a {w} near {w}
book a {w} for {w}
order {w} and {w}
add {w} to my {w}
remove {w} from the {w}
send {w} to {w}
{w} {w} please
i am looking for {w}
what does {w} mean
how do you say {w} in {w}
is my {w} {w} yet
are you {w}
can i {w} with {w}
could i get a {w}
who is {w}
thanks for the {w}
someone stole my {w}
there is a {w} on my {w}
i was charged for {w}
i did not {w} this {w}
which {w} do you accept
what time is the {w}
any {w} today
i have a {w} about {w}
the {w} came {w}
it says {w} {w}
help me {w}
help with {w}
{w} not {w}
no {w}
still waiting for my {w}
do i have to {w}
should i {w} the {w}
what if my {w} is {w}
"""

FRENCH_PHRASES = """
comment {w} mon {w}
comment faire pour {w}
est-ce que je peux {w} le {w}
pouvez-vous {w} ma {w} svp
peux-tu {w} la {w}
je veux {w} mon {w}
je voudrais {w} une {w}
j'aimerais {w} un {w}
j'ai besoin de {w} pour {w}
où est mon {w}
où en est ma {w}
où puis-je trouver {w}
quel est le {w} de la {w}
quelle est ma {w}
quels sont les {w}
quand arrive mon {w}
quand est-ce que vous {w}
pourquoi mon {w} est {w}
pourquoi la {w} n'est pas {w}
y a-t-il un {w} pour {w}
avez-vous des {w} en {w}
vous avez {w} ?
livrez-vous à {w}
c'est combien le {w}
combien coûte {w}
combien de temps pour {w}
je n'ai pas reçu mon {w}
mon {w} est {w}
ma {w} ne marche pas
le {w} ne {w} pas
je n'arrive pas à {w} mon {w}
j'ai perdu ma {w}
j'ai oublié mon {w}
merci de {w} ma {w}
annulez ma {w}
changer {w} pour {w}
parle-moi de {w}
dis-moi le {w}
montre-moi les {w}
mets {w} à {w}
allume la {w}
éteins le {w}
rappelle-moi de {w}
joue du {w}
trouve-moi un {w} près de {w}
réserve une {w} pour {w}
commander {w} et {w}
ajoute {w} à ma {w}
supprime {w} de la {w}
envoie {w} à {w}
{w} {w} s'il vous plaît
je cherche {w}
que veut dire {w}
comment dit-on {w} en {w}
est-ce que {w} est {w}
puis-je {w} avec {w}
qui est {w}
merci pour le {w}
on m'a volé ma {w}
il y a un {w} sur mon {w}
j'ai été débité de {w}
quels {w} acceptez-vous
à quelle heure est le {w}
des {w} aujourd'hui
j'ai une {w} sur {w}
le {w} est arrivé {w}
aidez-moi à {w}
aide pour {w}
pas de {w}
toujours pas de {w}
dois-je {w}
faut-il {w} la {w}
et si mon {w} est {w}
bonjour je voudrais {w}
salut c'est pour {w}
ça fait {w} que j'attends mon {w}
vous êtes {w}
"""

ENGLISH_WORDS = """
order parcel package shipment delivery tracking courier refund return exchange invoice receipt bill payment card cash
transfer account password pin code login email address phone number price cost discount promo voucher coupon gift size
colour color stock available unavailable sold out product item article shoes shirt dress bag watch perfume charger
screen battery laptop warranty guarantee repair broken damaged defective wrong missing late lost stolen cancel modify
change update confirm book reserve reservation appointment table room hotel flight ticket seat train bus taxi ride
menu food pizza burger vegan halal allergy gluten breakfast lunch dinner opening hours open closed location map
directions shop store branch agent human advisor support complaint problem issue help question information newsletter
unsubscribe subscribe subscription plan upgrade downgrade trial contract insurance claim loan credit debit balance
statement overdraft fee charge interest rate savings deposit withdraw withdrawal atm currency verify identity passport
top up mobile data sim roaming wifi internet router outage speed install setup reset delete close activate deactivate
block unblock freeze limit pending declined failed error app website checkout basket cart wishlist review rating
feedback job hiring apply salary holiday schedule meeting reminder alarm timer weather forecast rain music song
playlist volume light lights thermostat vacuum recipe calories traffic news joke translate spelling definition weekend
today tomorrow yesterday morning evening week month wholesale bulk quote sample custom chart measure fabric cotton
leather installments cod doorstep pickup collect locker signature customs duty tax vat
"""

FRENCH_WORDS = """
commande colis paquet envoi livraison suivi livreur transporteur remboursement rembourser retour retourner échange
échanger facture reçu ticket paiement payer carte espèces virement compte mot passe identifiant connexion adresse
téléphone numéro prix tarif coût réduction remise promo promotion bon code cadeau taille pointure couleur stock
disponible dispo indisponible rupture produit article chaussures chemise robe sac montre parfum chargeur écran
batterie ordinateur garantie réparer réparation cassé abîmé endommagé défectueux faux mauvais manquant retard perdu
volé annuler annulation modifier changer confirmer réserver réservation rendez-vous rdv table chambre hôtel vol billet
place train bus taxi course menu repas pizza végétarien halal allergie gluten déjeuner dîner horaires ouvert ouverture
fermé fermeture plan itinéraire boutique magasin agence conseiller humain service client réclamation plainte problème
souci aide question renseignement abonnement abonner désabonner désinscrire forfait essai contrat assurance sinistre
prêt crédit débit solde relevé découvert frais commission intérêt épargne dépôt retrait retirer distributeur devise
vérifier identité passeport recharger recharge mobile sim itinérance wifi internet box panne installer réinitialiser
supprimer clôturer activer désactiver bloquer débloquer opposition plafond attente refusé échoué erreur appli
application site panier avis note emploi recrutement candidature salaire congés agenda réunion rappel alarme minuteur
météo pluie musique chanson playlist volume lumière chauffage aspirateur recette calories circulation actualités
blague traduire définition demain hier matin soir semaine mois grossiste gros devis échantillon mesure tissu coton
cuir mensualités échelonner domicile relais point signature douane taxe tva expédier expédition expédié livrer livré
reçue arrivé colissimo chronopost facturation coordonnées mail courriel virements prélèvement remboursez annulez
combien coûte gratuit gratuite
"""
