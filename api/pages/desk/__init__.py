"""What a desk looks at: customers, and what is left of their packages.

Read `customers` (finding somebody) and `customer` (their packages, and using a unit).

Never show what the API did not answer, and never add up what it did but for the line of what is left.
"""
