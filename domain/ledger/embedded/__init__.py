"""Stores inside the process: `memory` for tests, and SQLite in a folder of its own.

Offers one recorder for both. `transaction` holds the rules of loading and appending, written over a few small
steps; a store supplies the steps.

Touch it when the contract of all stores changes. PostgreSQL then changes too.

Never let an embedded store answer otherwise than PostgreSQL: the tests in `tests/domain/ledger` run on all three.
"""
