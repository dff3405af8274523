"""What a desk looks at: the day, customers, what is left of their packages, and bookings.

Read `today` (the first page), `customers` (finding somebody) and `customer` (their packages, and using a unit).
People: `customer_details`, `household`, `photo`, `erasure`, `bulk`. Bookings: `bookings`, `booking`, `book`.

Never show what the API did not answer, and never add up what it did but for the line of what is left.
"""
