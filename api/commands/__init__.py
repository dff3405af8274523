"""The commands of `carnet`, by what they are for; `api.command` puts them together.

`opening` makes books and keys, `running` serves and keeps read models fresh, `bringing` loads what another
system kept, `asking` reports and shows the past, `proving` verifies.
"""
