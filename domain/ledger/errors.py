"""What a store raises beside refusals: the ledger is unknown, away, of another schema, or taken."""


class UnknownBusiness(LookupError):
    """The ledger of this business does not exist."""


class LedgerUnavailable(Exception):
    """The store could not be reached or is full; nothing is known to be written. Try again."""


class WrongSchema(Exception):
    """The database is not a ledger, has not been migrated, or was written by a newer Carnet."""


class Contention(Exception):
    """The head's lock was not had within its time limit (2 s). Nothing was written."""
