"""What a desk looks at: the day, customers, what is left of their packages, selling and using them, and bookings.

Read `today` (the first page), `customer_tabs` (what all pages of a customer have on top), `customers` (finding
somebody), `customer` (packages), `sell`, `use`, and `package` (one of them, and all that is done to it).
People: `customer_details`, `household`, `photo`, `erasure`, `bulk`. Bookings: `bookings`, `booking`, `book`.
`roles` says who sees which button.

Never show what the API did not answer, and never add up what it did but for the line of what is left.
"""
