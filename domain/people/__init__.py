"""A customer: the account that buys, its standing, the participants of its household; and the directory of people.

Read `facts`, `state`, `commands`, then the rules: `household`, `standing`. `directory`, `profile`, `photos`,
`phone`, `name_search` and `birthdays` hold the personal data beside the ledger; `sought` says who is found by it.

Touch it to add a field of a customer or a participant, a consent, or a way to find people. Personal data goes into
`profile`, everything else into a fact.

Never put personal data into a fact: facts cannot be erased. Never forget a participant who was removed: past use
still names them.
"""
