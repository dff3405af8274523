"""Reports on all packages of a business, now or at any moment, on both clocks.

Offers `liability` (what the business owes its customers in services, and the balance of one customer), `movements`
(its roll-forward by cause), `sales` (what was sold in a period, and the tax in it), `entries` (late entries and
corrections of a period), `watchlist` (packages that expire soon, or are not paid).

Touch it to add a figure or a report.

Never fold packages another way than their card: `replay/all_packages.py` gives cards and facts. Never hold all of
them in memory: take them customer by customer.
"""
