"""A member of staff: role, locations, active or not.

Read `facts`, `state`, `commands`, then the rule `changes`.

Touch it to record one more thing about the staff.

Never put a name or a photo into a fact: both belong in the directory (`domain/people`). Never delete a member of
staff: deactivate them, so that past work keeps its name.
"""
