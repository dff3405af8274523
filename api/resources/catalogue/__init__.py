"""Services and offers over HTTP: defining, changing, retiring and listing them.

Touch it to add a term of a service or an offer.

Never show a person here: customers read the catalogue with their own keys, and it is the same for all.
"""
