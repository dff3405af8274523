"""Memberships over HTTP: starting, renewing, pausing, ending, and the lists.

Read `answer`, then `commands` and `queries`. The package of a period is found and changed under `/v1/packages`.
"""
