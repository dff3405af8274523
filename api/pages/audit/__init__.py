"""What an auditor looks at: the ledger and its proof, packages fact by fact, reports and explanations.

Read `timeline` (one package on two clocks), then `story` (its rows), `plot` (its balance as a drawing), `neighbours` (a
fact among those around it), `ledger`, `packages`, `reports`, `facts` and `explanation`.

Touch it to show another answer of the API to auditors.

Never show the name of a person here, whoever looks.
"""
