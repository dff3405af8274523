"""Read models: the tables behind lists, searches and reports.

Offers `engine` to keep any read model, `models` to define each, and `queries` to ask them. A read model is a table
and a pure function from facts to rows.

Touch it to add a read model, a column, or a filter of a list.

Never treat a row as the truth: every table can be dropped and made again from the ledger. Never write to the ledger
here. Never import `replay` or `api`.
"""
