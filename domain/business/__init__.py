"""A business: its currency, time zone, policies, locations and segments of customers.

Read `facts`, `state`, `commands`, then the rules.
"""
