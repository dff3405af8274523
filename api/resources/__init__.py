"""What can be asked for and done over HTTP, one module or folder a resource.

A folder has `bodies` or `commands` (what is sent), `answer` (what is shown), `queries` and `lists`. A route translates
a request into a command, or an answer out of a state; it decides nothing.
"""
