"""A message as it is to be sent now: its letter and its address, or why it is skipped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from api.http.customers_by_email import active_by_email
from api.http.ledger_types import Carnet, RecordedFact, StoredMessage
from api.outbound.customer_now import customer_now, language_for
from api.outbound.letters import Letter, failed_charge_letter, package_letter
from api.outbound.occasion_letters import greeting, session_letter
from api.outbound.planning import package_stream
from api.outbound.reminders import told_by_another_channel
from api.outbound.sign_in_letters import CardLinks, shared_address_letter, sign_in_letter
from domain.booking.facts import BookingFact
from domain.booking.state import Booking
from domain.booking.state import evolve as evolve_booking
from domain.business.facts import BusinessFact
from domain.business.state import Business
from domain.business.state import evolve as evolve_business
from domain.catalogue.facts import ServiceFact
from domain.catalogue.state import evolve_service
from domain.fact import fold
from domain.messages.asked import MessageKind, OccasionKind, PackageKind
from domain.messages.consent import CONSENTS, why_not_agreed
from domain.messages.failed_charges import why_not_told
from domain.messages.forbidden import WhySkipped, why_skipped, why_unreachable
from domain.messages.occasions import is_today, why_no_session
from domain.moments import from_milliseconds, to_milliseconds
from domain.package.facts import ReminderDue
from domain.people.facts import ConsentChanged, ConsentName
from domain.people.profile import Profile, name_and_photo_in, profile_in
from domain.people.state import Customer, in_person
from domain.top_up.facts import TopUpFact, TopUpFailed
from domain.top_up.state import evolve as evolve_top_up


@dataclass(frozen=True, slots=True)
class Written:
    """A letter that may be sent. `last_day`: the last valid day that it reminds of."""

    letter: Letter
    address: str
    last_day: date | None = None
    consent: "GivenConsent | None" = None
    """What it stands on; None: the contract."""


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """A consent that is in force, and when it was given, ms since 1970."""

    name: ConsentName
    given_at: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """A customer who can be reached, now."""

    customer: Customer
    profile: Profile
    address: str
    """The e-mail address, or the mobile number."""
    consent: GivenConsent | None


class Writer:
    """Writes the messages of all businesses from their ledgers and directories as they stand."""

    def __init__(self, carnet: Carnet, links: CardLinks | None = None) -> None:
        """Without `links`, nobody gets a link to a card."""
        self._carnet = carnet
        self._links = links

    def written(self, message: StoredMessage) -> Written | WhySkipped:
        """Raises UnreadableFact, LedgerUnavailable."""
        recipient = self._recipient(message)
        if not isinstance(recipient, Recipient):
            return recipient
        kind = cast(MessageKind, message.kind)
        match kind:
            case "top_up_failed":
                return self._failed_charge(message, recipient)
            case "session_reminder":
                return self._session(message, recipient)
            case "birthday" | "anniversary":
                return self._greeting(kind, message, recipient)
            case "sign_in":
                return self._sign_in(message, recipient)
            case _:
                return self._about_package(kind, message, recipient)

    def _about_package(
        self, kind: PackageKind, message: StoredMessage, to: Recipient
    ) -> Written | WhySkipped:
        package = package_stream(self._carnet, message.business_id, message.thing_id)
        confirmed = kind == "package_voided" and self._was_confirmed(message)
        asked = package.facts.get(message.position)
        due = asked if isinstance(asked, ReminderDue) else None
        now = self._carnet.clock()
        why = why_skipped(kind, package.state, to.customer, now, confirmed=confirmed, due=due)
        if why == "reminded" and told_by_another_channel(self._carnet, message):
            why = None
        if why is not None:
            return why
        last_day = None if due is None else due.expires_on
        text = package_letter(
            kind,
            message.language,
            self._business(message),
            package.opened,
            package.state,
            to.profile.name,
            last_day=last_day,
        )
        return Written(text, to.address, last_day)

    def _failed_charge(self, message: StoredMessage, to: Recipient) -> Written | WhySkipped:
        stream = self._stream(message, message.thing_id)
        rule = fold(evolve_top_up, None, [cast(TopUpFact, each.fact) for each in stream])
        failure = next(each.fact for each in stream if each.position == message.position)
        assert isinstance(failure, TopUpFailed), "a failed charge asked for it"
        why = why_not_told(failure, rule)
        if why is not None:
            return why
        business = self._business(message)
        return Written(
            failed_charge_letter(message.language, business, rule, failure, to.profile.name), to.address
        )

    def _session(self, message: StoredMessage, to: Recipient) -> Written | WhySkipped:
        facts = [cast(BookingFact, each.fact) for each in self._stream(message, message.thing_id)]
        booking = fold(evolve_booking, None, facts)
        assert message.occasion is not None, "the reminder of a session knows its start"
        why = why_no_session(booking, from_milliseconds(message.occasion), self._carnet.clock())
        if why is not None:
            return why
        offered = [cast(ServiceFact, each.fact) for each in self._stream(message, booking.service_id)]
        service = fold(evolve_service, None, offered)
        whose = self._participant(message, booking, to.customer)
        text = session_letter(
            message.language,
            self._business(message),
            booking,
            service.terms.name,
            whose,
            to.profile.name,
        )
        return Written(text, to.address, consent=to.consent)

    def _participant(self, message: StoredMessage, booking: Booking, customer: Customer) -> str | None:
        """The name of who the session is for, where that is not the customer."""
        if booking.participant_id in (customer.in_person.id, in_person(booking.customer_id)):
            return None
        people = self._carnet.ledger(message.business_id).recorder.people([booking.participant_id])
        return name_and_photo_in(people[0]).name if people else None

    def _greeting(self, kind: OccasionKind, message: StoredMessage, to: Recipient) -> Written | WhySkipped:
        business = self._business(message)
        day = to.profile.date_of_birth if kind == "birthday" else to.profile.anniversary
        assert message.occasion is not None, "a greeting knows its year"
        if not is_today(day, message.occasion, self._carnet.clock(), business.time_zone):
            return "day-over"
        return Written(
            greeting(kind, message.language, business, to.profile.name), to.address, consent=to.consent
        )

    def _sign_in(self, message: StoredMessage, to: Recipient) -> Written | WhySkipped:
        if self._links is None:
            return "no-links"
        business, business_id = self._business(message), message.business_id
        language = language_for(self._carnet, business_id, message.customer_id, message.language)
        found = active_by_email(self._carnet, business_id, to.address)
        if len(found) > 1:
            return Written(shared_address_letter(language, business, to.profile.name), to.address)
        if not found:
            return "inactive"
        link = self._links.to(message, found[0], to_milliseconds(self._carnet.clock()))
        return Written(sign_in_letter(language, business, to.profile.name, link), to.address)

    def _recipient(self, message: StoredMessage) -> Recipient | WhySkipped:
        customer_id, stream, customer = customer_now(self._carnet, message.business_id, message.customer_id)
        people = self._carnet.ledger(message.business_id).recorder.people([customer_id])
        profile = profile_in(people[0]) if people else None
        address = None
        if profile is not None:
            address = profile.email if message.channel == "email" else profile.mobile
        kind = cast(MessageKind, message.kind)
        why: WhySkipped | None = why_unreachable(customer, address, message.channel)
        if why is not None or customer is None or profile is None or address is None:
            return why or "no-address"
        why = why_not_agreed(kind, customer)
        return why or Recipient(customer, profile, address, _given(CONSENTS.get(kind), stream))

    def _business(self, message: StoredMessage) -> Business:
        stream = self._stream(message, message.business_id)
        return fold(evolve_business, None, [cast(BusinessFact, each.fact) for each in stream])

    def _stream(self, message: StoredMessage, stream_id: str) -> list[RecordedFact]:
        return list(self._carnet.ledger(message.business_id).stream(stream_id))

    def _was_confirmed(self, message: StoredMessage) -> bool:
        about = self._carnet.store.outbox.messages(
            message.business_id, limit=20, state="sent", thing_id=message.thing_id
        )
        return any(each.kind in ("package_purchased", "top_up_sold") for each in about)


def _given(name: ConsentName | None, customer: Sequence[RecordedFact]) -> GivenConsent | None:
    """A consent that is in force, with the moment of the fact that gave it last."""
    if name is None:
        return None
    given_at, agreed = 0, False
    for each in customer:
        if isinstance(each.fact, ConsentChanged):
            agrees = bool(getattr(each.fact.consents, name))
            given_at = each.stored.recorded_at if agrees and not agreed else given_at
            agreed = agrees
    return GivenConsent(name, given_at)
