"""The past and its proof, for auditors: any package at any moment, the hash chain, explanations, reports.

Offers `as_of` (questions about the past), `package` and `timeline` (one package, then or now), `all_packages`, `feed`,
`explanation`, `verify` (the chain), `reconcile` (read models against the ledger) and `reports`.

Touch it to answer a new question about the past, or to add a check of the books.

Never write: this folder only reads. Never read a name or a text of the directory here: the same question must get
the same answer for ever. Never import `api`.
"""
