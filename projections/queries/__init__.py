"""Questions to read models: the filters, the order and the pages of the lists.

Offers one file a list: `packages`, `bookings`, `customers`, `credits`.

Touch it to add a filter or an order. A new filter of a long list needs an index in its read model.

Never write a row here. Never ask two snapshots for one answer: it could not say which position it is true for.
"""
