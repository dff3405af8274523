"""Ledgers in PostgreSQL 15 and later.

Read `migrations` (`migrate` makes the schema or brings it up to date), then `store` (`PostgresStore` uses it).
Nothing is imported here: a process on SQLite needs no driver. An append is one call of
an SQL function, and so is a load.

Touch it to change the schema or a function: add the next numbered SQL file.

Never edit a numbered SQL file after its release: each is applied once. Never send a NOTIFY inside an append: all
writers would queue behind its lock.
"""
