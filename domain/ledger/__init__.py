"""The ledger: the one write path, the stores it writes to, and how facts are read back.

`Carnet` is opened once per process and hands out a `Ledger` per business. `execute()` takes orders
(a command, who gives it, its request key) and answers each: done, replayed or refused.
"""
