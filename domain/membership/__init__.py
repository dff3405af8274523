"""Memberships: plans that a customer is in, period by period. Each period grants a package.

Read `facts`, `state`, `commands`, then the rules: `start`, `renewal`, `pause`, `ending`.

Touch it to change when a period begins, what moves into it, and how a membership ends. The package of a period is used,
paid, refunded and cancelled like any other (`domain/package/`).

Never grant a period twice: its package has an id that the membership and its number fix (`period_package`).
"""
