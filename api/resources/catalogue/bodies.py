"""Parts of bodies that offers and sales share."""

from typing import Annotated

from pydantic import Field

from domain.catalogue.facts import OfferLine
from domain.values import LINES_MAX, ThingName, as_stored


class OfferLineBody(OfferLine):
    """A line of a request: its label in the one form of names."""

    label: ThingName | None = None


GivenLines = Annotated[
    tuple[Annotated[OfferLineBody, as_stored(OfferLine)], ...], Field(min_length=1, max_length=LINES_MAX)
]
