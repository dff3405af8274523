"""Payments of packages and bookings over HTTP: recording, refunding, showing and finding them.

Touch it to add a member of a payment or of a refund.

Never compute what is owing here: `domain/package/payment.py` and `domain/booking/payment.py` do.
"""
