"""For auditors: ask the past, and prove the answer from the stored bytes.

This folder offers the timeline of one package, the state of a thing at a version or a moment, the
verification of a ledger's hash chain, the reconciliation of read models with the ledger, and reports as of a
date. It only reads.
"""
