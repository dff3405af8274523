"""Reward points over HTTP: adding, redeeming, adjusting, reversing, and the history of an account.

Touch it to add a member of an entry or a verb on points.

Never compute a balance here: the facts carry it.
"""
