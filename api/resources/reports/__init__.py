"""Reports on all packages of the business, now or in the past, for auditors.

Offers the routes of the liability, its movements, sales, entries of a period, and packages to watch, one file each.

Touch it to show another figure, or to answer another report of `replay/reports/`.

Never write, never name a person, never sum here: the figures are made in `replay/reports/`.
"""
