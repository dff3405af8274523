"""A package: one purchase of prepaid units, with its own price, expiry, payments and history.

Read `facts`, `state`, `evolution` (the state after one more fact), `commands`, then the rules, one file each: `sale`,
`eligibility` (may this package be used), `allocation` (which units a use takes), `use`, `first_use`, `restoration`,
`correction`, `payment`, `expiry`, `expiry_changes`, `freeze`, `holds`, `missed`, `sharing`, `places`, `transfer`,
`notes`, `cancellation`. `units` holds a line and its units, `checks` the checks of several rules.

Touch it to change one of these rules, or to add a fact of a package. mypy then names every place that must handle
the new fact.

Never change a stored fact: a correction adds a new one. Never look up a stream here: the use case passes the states
in.
"""
