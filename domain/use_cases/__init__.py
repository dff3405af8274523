"""Verbs: everything that can be done, one file each.

A file holds the streams a command reads and the decision on them. It ends with a `UseCase` for a route to name:
`CommandRequest(CORRECT_LINE, CorrectLine(…), …)`. `checks`, `one_package`, `one_booking`, `one_account`,
`own_stream`, `directory_entries` and `texts` are shared by several verbs. `reactions` runs after every decision.

Touch it to add a verb, a check over several streams, or a reaction.

Never put a rule of one aggregate here: it belongs in the folder of that aggregate. Never import the ledger.
"""
