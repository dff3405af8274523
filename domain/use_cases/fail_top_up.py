"""Record that the payment system could not charge the card of an attempt to top up (S89)."""

from msgspec import structs

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.top_up.attempts import failed
from domain.top_up.commands import FailTopUp
from domain.use_cases.one_top_up import decided, known_top_up, reads_top_up
from domain.use_cases.own_stream import id_in
from domain.use_cases.texts import texts_of


def decide(command: FailTopUp, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `failed` raises."""
    zone = books.business.time_zone
    decision = decided(command, books, at, lambda rule: failed(rule, command, at.now, zone))
    owner_id = known_top_up(books, command.top_up_id, at).customer_id
    return structs.replace(decision, texts=texts_of(command, owner_id))


FAIL_TOP_UP = UseCase(FailTopUp, reads_top_up, decide, id_in("top_up_id"))
