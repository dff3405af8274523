"""The ledger: the one write path, the stores it writes to, and the reading of stored facts.

Offers `Carnet`, opened once per process, and a `Ledger` for each business. `execute()` takes orders (a command, its
actor, its request key) and answers each: done, replayed or refused. `contract` says what every store does.

Touch it to change the reading, the retrying or the storing of a batch, or to add a store.

Never add a second write path. Never put a rule of the business here. Never change the seal or the bytes of a fact:
every stored hash depends on them. Never import eventsourcing or psycopg anywhere else.
"""
