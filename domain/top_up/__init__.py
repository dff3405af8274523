"""Auto top-up: a rule that sells a customer the next package when few units are left.

Read `facts`, `state`, `commands`, then the rules: `standing` (setting, pausing, removing), `attempts` (when an attempt
opens, and what the payment system answers).

Touch it to change when an attempt opens or how often it is tried.

Never open a second attempt while one is open. Never sell more in a month than the cap. Never keep the number of a card.
"""
