"""Reward points of a customer: added, redeemed, adjusted; earned and taken back by rule.

Read `facts`, `state`, `commands`, then the rules.
"""
