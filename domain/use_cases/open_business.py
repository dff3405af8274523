"""Open the books of a business: its name, its currency and its time zone, for ever."""

from domain.actor import Circumstances
from domain.business.commands import OpenBusiness
from domain.business.facts import BusinessOpened
from domain.decision import Books, Decision, UseCase, one_stream
from domain.refusals import IdTaken
from domain.use_cases.own_stream import the_business


def decide(command: OpenBusiness, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken where these books are open."""
    if books.business_or_none() is not None:
        raise IdTaken(command.business_id)
    opened = BusinessOpened(name=command.name, currency=command.currency, time_zone=command.time_zone)
    return one_stream("business", books.business_id, [opened], new=True)


OPEN_BUSINESS = UseCase(OpenBusiness, the_business, decide)
