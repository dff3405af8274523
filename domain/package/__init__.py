"""A package: one purchase of prepaid units, with its own price, expiry, payments and history.

Read `facts`, `state`, `commands`, then the rules, one file each: `sale`, `allocation` (which units a use takes),
`restoration`, `correction`, `payment`, `expiry`, `freeze`, `holds`, `sharing`, `cancellation`; `checks` holds what
several of them look at first.
"""
