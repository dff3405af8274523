"""The proof of a business's books: its facts, and every table beside them, as of one moment.

`prove.Proof` yields what is wrong; `mend.mend` makes anew what follows from the facts. Both read facts in pages, and
keep what follows from them as sums and in a temporary file (`workbook.py`): memory does not grow with the ledger.
"""
