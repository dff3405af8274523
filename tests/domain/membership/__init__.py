"""Memberships: when periods begin, what they grant, what rolls over, pauses and ends."""
