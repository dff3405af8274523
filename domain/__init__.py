"""Facts, decisions and the ledger: the truth about a business, and everything that may happen in it.

A folder an aggregate (`package`, `booking`, `points`, `people`, `catalogue`, `staff`, `business`) holds `facts`,
`state`, `commands` and the rules. `use_cases` holds the verbs, one file each, and `decision` the form they have.
`values`, `moments` and `refusals` hold the vocabulary. `ledger` stores and reads.

Touch it to change a rule, or to add a fact, a verb or a refusal.

Never read a clock, make an id, or do input or output outside `ledger`. Never import `projections`, `replay` or
`api`. Never re-export a name here: facts must load without the store.
"""
