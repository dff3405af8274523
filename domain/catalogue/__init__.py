"""Services that a business performs, and offers that it sells as packages.

Read `facts`, `state`, `commands`, then the rules: `services`, `offers`.

Touch it to add a term of a service or of an offer. A term that sold packages keep is also copied by
`domain/package/sale.py`.

Never let a change here reach a sold package: the sale keeps its own copy of the offer.
"""
