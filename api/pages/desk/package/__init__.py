"""One package at the desk: its card, its history, its money, and everything that may be done to it.

Read `shown` (the page), `actions` (what each form gives to the API), `doing` (forms: tried first where something is
taken away) and `papers` (the receipt).

Touch it to add something that can be done to a package: an action, its form in `templates/desk/package/`, and what it
will do in words in `sure.html`.
"""
