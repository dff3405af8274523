"""Errors of a store beside refusals: the ledger is unknown, unavailable, locked, of another schema or another time."""


class UnknownBusiness(LookupError):
    """The ledger of this business does not exist."""


class LedgerUnavailable(Exception):
    """The store could not be reached or is full. The request key tells whether anything was written. Try again."""


class ClockSkew(LedgerUnavailable):
    """The clock of this machine is too far from the ledger's to decide anything. Nothing was written."""


class ReadOnlyBooks(LedgerUnavailable):
    """The books cannot be written here; they can be read, verified and reported on."""


class LedgerDamaged(LedgerUnavailable):
    """The file of the ledger is damaged. Only a backup mends it."""


class WrongSchema(Exception):
    """The database is not a ledger, has not been migrated, or was written by a newer Carnet."""


class Contention(Exception):
    """The lock of the head was not obtained within its time limit (2 s). Nothing was written."""


class RoleNeeded(LedgerUnavailable):
    """The user of the database may not do this. The text names the role that it needs."""


class UnreadableAnswer(Exception):
    """A kept answer is damaged, or was written by a newer Carnet. Its facts are not concerned."""
