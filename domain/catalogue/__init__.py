"""Services that a business performs, offers that it sells as packages, and plans that it sells as memberships.

Read `facts`, `state`, `commands`, then the rules: `services`, `offers`, `plans`.

Touch it to add a term of a service, an offer or a plan. A term that sold packages keep is also copied by
`domain/package/sale.py`, and by `domain/membership/renewal.py`.

Never let a change here reach a sold package: the sale keeps its own copy of the offer.
"""
