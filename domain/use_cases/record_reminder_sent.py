"""Record that a customer was reminded of the last valid day of a package (S20)."""

from domain.actor import Circumstances
from domain.business.zones import desk_zone
from domain.decision import Books, Decision, UseCase
from domain.package.commands import RecordReminderSent
from domain.package.facts import PackageFact
from domain.package.reminders import reminder_sent
from domain.package.state import Package
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: RecordReminderSent, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, LimitReached, and what `reminder_sent` raises."""

    def rule(package: Package) -> list[PackageFact]:
        zone = desk_zone(books.business, at, otherwise=package.time_zone)
        return reminder_sent(package, command, books.business.policies.reminder_lead_days, zone, at)

    return decided(command.package_id, command, books, at, rule, ends_freeze=False)


RECORD_REMINDER_SENT = UseCase(RecordReminderSent, reads_package, decide, id_in("package_id"))
