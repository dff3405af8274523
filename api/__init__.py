"""The HTTP API under `/v1`, and the command `carnet`.

Offers `http` (needed by every route), `resources` (the routes), `imports` (data of other systems), `server` (the
process) and `cli` (the command).

Touch it to add a route, a field of an answer, a command or a setting.

Never put a rule of the business here: translate the request, let `domain` decide, and show the result. Never import
Litestar outside this folder.
"""
