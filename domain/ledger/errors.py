"""Errors of a store beside refusals: the ledger is unknown, unavailable, of another schema, or locked."""


class UnknownBusiness(LookupError):
    """The ledger of this business does not exist."""


class LedgerUnavailable(Exception):
    """The store could not be reached or is full. The request key tells whether anything was written. Try again."""


class WrongSchema(Exception):
    """The database is not a ledger, has not been migrated, or was written by a newer Carnet."""


class Contention(Exception):
    """The lock of the head was not obtained within its time limit (2 s). Nothing was written."""
