"""Bookings over HTTP: making, changing and listing them.

Touch it to add a member of a booking, a filter of its lists, or a verb on bookings.

Never show a booking in a second shape: commands, queries and lists share `answer`.
"""
