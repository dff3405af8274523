"""What is true of a business and what may happen in it.

`events` and `values` hold the vocabulary of facts, `refusals` every way a command is refused, and each
aggregate has one module of its own: facts, state with `evolve`, commands, `decide`. All of that is pure: no
clock, no new ids, no input or output. `ledger` is the one folder that reads and writes, and nothing else in
here imports it; for the same reason this package re-exports nothing.
"""
