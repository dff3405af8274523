"""Read models: what lists, searches and reports are answered from.

A read model is a value, a table and a pure function from facts to its rows, so the same function serves the
live runner, a rebuild and a check. This folder offers the read models, the runner that keeps them fresh, the
rebuild that replaces them beside the live table, and the queries on them. Nothing here is ever the truth:
every table can be dropped and made again from the ledger.
"""
