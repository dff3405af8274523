"""What an append writes in round trips of its own: photos, which are megabytes, and erasures, which are rare."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from domain.ledger.postgres.connections import FOR_BUSINESS, PatientConnection
from domain.ledger.records import Append, Conflict, Stored
from domain.people.directory import ERASED_NAME


def beside(commands: Iterable[Append]) -> bool:
    """Whether `write_beside` has anything to write."""
    return any(command.photos or command.erases for command in commands)


def as_one(connection: PatientConnection, commands: Iterable[Append]) -> AbstractContextManager[object]:
    """One transaction for an append and what `write_beside` writes; other commands need none."""
    return connection.transaction() if beside(commands) else nullcontext()


def write_beside(
    connection: PatientConnection,
    business_id: str,
    commands: Iterable[Append],
    outcomes: Iterable[Stored | Conflict],
) -> None:
    """Write the photos of the stored commands, and erase whom they erase."""
    for command, outcome in zip(commands, outcomes, strict=True):
        if isinstance(outcome, Conflict):
            continue
        for photo in command.photos:
            connection.execute(FOR_BUSINESS, [business_id])
            connection.execute(
                "INSERT INTO photos (business_id, id, media_type, data) VALUES (%s, %s, %s, %s)",
                [business_id, photo.id, photo.media_type, photo.data],
            )
        for customer_id in command.erases:
            connection.execute(FOR_BUSINESS, [business_id])
            connection.execute(
                "SELECT erase(%s, %s, %s, %s::int8)",
                [business_id, customer_id, ERASED_NAME, outcome.recorded_at],
            )
