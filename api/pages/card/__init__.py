"""What customers look at, on a phone: their card, bookings, receipts and points, and what is known of them.

Read `packages` (what is left, and the stamps), `bookings` (book, move and cancel, with what happens to the unit said
before), then `papers` (receipts, points, own data).

Never ask for another customer than the one whose key it is: the API would not answer.
"""
