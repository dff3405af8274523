"""Tables of the business's own: what they refer to must be there."""

from collections.abc import Iterator, Sequence

from domain.ledger.evidence import Evidence, Row, as_told, pages, rows
from domain.ledger.numbers import number_of
from replay.proof.finding import Finding
from replay.proof.known_streams import learn
from replay.proof.workbook import Workbook


def messages(evidence: Evidence, book: Workbook, last: int) -> Iterator[Finding]:
    """Messages go to a customer that is known, about something that is known."""
    business_id = evidence.business_id
    for page in pages(evidence, "messages"):
        yield from _messages(evidence, book, last, [as_told("messages", row) for row in page])
    for row in rows(evidence, "message_positions"):
        if row.values["position"] > last:
            told = f"is at {row.values['position']}", f"the last fact has position {last}"
            yield Finding(business_id, "message_positions", "", *told)


def _messages(evidence: Evidence, book: Workbook, last: int, page: Sequence[Row]) -> Iterator[Finding]:
    learn(evidence, book, {row.values[name] for row in page for name in ("customer_id", "thing_id")})
    for row in page:
        values, flaw = row.values, None
        for name in ("customer_id", "thing_id"):
            if (
                book.execute("SELECT 1 FROM streams WHERE number = ?", (number_of(values[name]),)).fetchone()
                is None
            ):
                flaw = f"names {values[name]}", "there is no such thing in the facts"
        if values["position"] > last:
            flaw = f"is of position {values['position']}", f"the last fact has position {last}"
        if flaw is not None:
            yield Finding(evidence.business_id, "messages", row.key[0], *flaw)


def verifications(evidence: Evidence, last: int) -> Iterator[Finding]:
    """A verification that found all intact did not come farther than the facts do."""
    for row in rows(evidence, "verifications"):
        if row.values["intact"] and row.values["position"] > last:
            told = f"came to position {row.values['position']}", f"the last fact has position {last}"
            yield Finding(evidence.business_id, "verifications", str(row.key[0]), *told)


def webhooks(evidence: Evidence, last: int) -> Iterator[Finding]:
    if not last:
        for row in rows(evidence, "webhooks"):
            yield Finding(
                evidence.business_id, "webhooks", row.key[0], "is there", "the business has no fact"
            )
