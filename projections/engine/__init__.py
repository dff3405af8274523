"""Keeping any read model: its definition, the runner, the rebuild, fresh reads.

Start with `definition`. `fold` turns facts into rows, `runner` does so as facts come, `rebuild` makes a table anew,
`freshness` waits for rows, `status` reports the lag. `paging` and `index_walk` read the pages of lists.

Touch it to change this for all read models at once.

Never name a read model here. Never move a checkpoint outside the transaction of its rows. Never skip a fact that
fails: stop there, visibly.
"""
