"""Reports on all packages of the business, now or in the past, for auditors.

Offers the routes of the liability and of its movements, one file a report.

Touch it to show another figure, or to answer another report of `replay/reports/`.

Never write, never name a person, never sum here: the figures are made in `replay/reports/`.
"""
