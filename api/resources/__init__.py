"""Routes, one module or folder a resource.

A folder has `bodies` (the requests), `answer` or `card` (the shape that is shown), `commands` (routes that change
something), `queries` and `lists` (routes that only read). `registry` lists all routes, `parts` holds shapes of
several answers.

Touch it to add a route or a field, then run `python -m tests.reference`: the pages under `docs/reference` are made
from the routes.

Never decide here: a route makes a command of a request, or an answer of a state. Never show a name to a caller
without `sees_people`.
"""
