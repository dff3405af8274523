"""A member of staff: role and locations.

Read `facts`, `state`, `commands`, then the rules.
"""
