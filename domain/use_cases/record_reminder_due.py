"""Record that a customer is to be reminded of the last valid day of a package; the clock asks for it (S19, S20)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import RecordReminderDue
from domain.package.facts import PackageFact
from domain.package.reminders import reminder_due
from domain.package.state import Package
from domain.use_cases.checks import known_customer
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: RecordReminderDue, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, LimitReached, and what `reminder_due` raises."""

    def rule(package: Package) -> list[PackageFact]:
        customer = known_customer(books, package.customer_id)
        return reminder_due(package, customer, books.business.policies.reminder_lead_days, at)

    return decided(command.package_id, command, books, at, rule, ends_freeze=False)


RECORD_REMINDER_DUE = UseCase(RecordReminderDue, reads_package, decide, id_in("package_id"))
