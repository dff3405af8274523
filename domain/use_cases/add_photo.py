"""Take in a photo that a profile can name (S130). It makes no fact: until it is named, it has no owner."""

from domain.actor import Circumstances
from domain.claims import Claim
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.people.commands import AddPhoto
from domain.people.photos import taken_in


def reads(command: AddPhoto, business_id: str, peek: Peek) -> Reads:
    return Reads()


def decide(command: AddPhoto, books: Books, at: Circumstances) -> Decision:
    return Decision({}, claims=(Claim(taken_in(command.photo_id), command.photo_id),))


ADD_PHOTO = UseCase(AddPhoto, reads, decide)
