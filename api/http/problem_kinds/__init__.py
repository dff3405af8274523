"""Every kind of problem: `table.KINDS`, by code, with status, title, cause, remedy and an example.

A new refusal gets its row here, in the file of its family; the pages at `/problems/{code}` and
docs/reference/problems.md are made from it. Never put what one request sent into a row: it is read by everybody.
"""
