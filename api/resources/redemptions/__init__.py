"""Redemptions over HTTP: using units of one package or of several, giving them back, showing one use.

Touch it to add a member of a redemption or of a restoration.

Never choose units here: `domain/package/allocation.py` does.
"""
