"""Reward points of a customer: added, redeemed, adjusted; earned and taken back by rule.

Read `facts`, `state`, `commands`, then the rules: `entries` (by hand), `earning` (by rule).

Touch it to add a way to earn points: first the rule in `domain/business/facts.py`, then its cause in `earning`.

Never give points twice for one source. Never take back more than the source gave.
"""
