"""The two doors to Carnet: the HTTP API under `/v1`, and the command `carnet`.

A thin layer: it finds out who asks, checks what they may do, turns a request into a command or a query for
the folders below, and turns the result or the refusal into an answer. No rule of the business lives here.
"""
