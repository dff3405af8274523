"""Commands on packages: selling, correcting, expiry, freezing, price, sharing, notes, ending.

Each answers the card as it is then, so that a client never has to read after writing. Payments and
redemptions have modules of their own.
"""

from secrets import token_bytes
from typing import Annotated, Any

from pydantic import Field

from api.answers import Answering, Ask, Command, command
from api.bodies import Nothing, Price
from api.cards import Card, in_books
from api.payments import PaymentBody, money, new_payment
from api.problems import Flaw, invalid
from domain.catalogue import Lines, Sharing
from domain.customer import PARTICIPANTS_MAX
from domain.package import (
    AddNote,
    AdjustPrice,
    CancelPackage,
    ChangeSharing,
    CorrectLine,
    FreezePackage,
    Refund,
    ReinstatePackage,
    SellPackage,
    SetExpiry,
    UnfreezePackage,
    VoidPackage,
)
from domain.values import (
    UNITS_PER_LINE_MAX,
    CustomerId,
    Day,
    DayOrMoment,
    ExternalRef,
    LineNumber,
    LocationId,
    LongText,
    Name,
    OfferId,
    PackageId,
    ParticipantId,
    PaymentId,
    Value,
    Wording,
)
