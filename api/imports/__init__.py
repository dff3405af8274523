"""History of other systems: reading a day-book and loading it.

Offers `day_book` to read rows, `load` to make commands of them, and `known_ids` to remember customers and services.

Touch it to read one more column or another layout.

Never write a fact directly: each row is decided like a command of the API. Never make a random id: ids follow from
source and reference, so that a second load changes nothing.
"""
