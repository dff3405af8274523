"""A customer: the account that buys, its standing, the participants of its household; and the directory of people.

Read `facts`, `state`, `commands`, then the rules. Personal data stands in the directory, never in a fact.
"""
