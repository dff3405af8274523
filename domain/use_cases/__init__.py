"""What can be done, one file a verb: the command it answers, what it reads, what it decides.

The names of the files are the list of all verbs. Each ends with its `UseCase`, which a route of the API names
(`CommandRequest(CORRECT_LINE, CorrectLine(…), …)`). Rules that several verbs share live in the folders of the
aggregates; here a verb looks things up, checks what needs more than one stream, and hands states to the rule.

Shared by the verbs: `checks` (each check on several streams stands once), `one_package`, `one_booking`,
`one_account` and `own_stream` (verbs on one thing), `directory_entries`, `texts`. `reactions` runs behind every
decision. Nothing here may import the ledger.
"""
