"""What a desk looks at: customers, what is left of their packages, selling them, and using their units.

Read `customer_tabs` (what all pages of a customer have on top), `customers` (finding somebody), `customer` (packages),
`sell`, `use`, and `package` (one of them, and all that is done to it). `roles` says who sees which button.

Never show what the API did not answer, and never add up what it did but for the line of what is left.
"""
