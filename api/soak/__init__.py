"""A soak: tills at work for minutes or hours on a server that is killed, cut off and kept waiting, and a judge.

The tills keep a journal of what they were told. In the end it is held against the ledger: nothing that was acknowledged
is lost, nothing is there twice, and every number is the one that follows.
"""
