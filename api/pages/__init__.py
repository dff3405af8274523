"""Pages for people, beside the API and a client of it: each asks what any program may, with the key of its visitor.

Read `asking` (the one way to the API), `page` (what a page is), `session` and `sealing` (who is signed in), `rendering`
and `speech` (templates, words, money and days), then a room: `desk`, `card`, `audit`, `system`. `assets` holds the
sheet, fonts and scripts.

Touch it to add a page: a function in a room, a template beside it, and its texts in `catalogues`. Rules and numbers
come from the API, ready to be shown.

Never import a rule, a read model or the past. Never write a style or a script into a template, or load one from
elsewhere.
"""
