"""Read models, one file each: a table and a pure function. `registry` lists them.

Touch a model to change its columns or rows, and raise its version: the new table is built beside the old one. Add a
model as a file of its own and a line in `registry`.

Never migrate a read table. Never read a clock, the directory or another table in `row` or `rows`: a rebuild must
give the same rows. Never store personal data in a row: a query takes it from the directory.
"""
