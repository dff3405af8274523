"""Rules that top up, in plain integers and dates."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from tests.model.almanac import DAY, day_at, first_moment, moved
from tests.model.plain import Asking, Offer, Reasons, Refusal

if TYPE_CHECKING:
    from tests.model.reference import Reference

Falls = dict[str, int]
"""Rule → units of its offer that were left before a command."""
PATIENCE = 7 * DAY


@dataclass
class Try:
    """An attempt to top up."""

    month: date
    due: int
    expires: int
    ended: str | None = None
    failures: int = 0
    package: str | None = None

    def status(self, at: int) -> str:
        return self.ended or ("open" if at < self.expires else "expired")


@dataclass
class Rule:
    customer: str
    offer: str
    terms: Offer
    threshold: int
    cap: int
    status: str = "active"
    tries: list[Try] = field(default_factory=list)
    set_for: str | None = None
    """The customer it was recorded for, where another has it since a merge."""
    asleep: bool = False
    """Whether it waits for an un-merge, beside one of the survivor's for the same offer."""

    def ends(self, at: int, how: str) -> None:
        """The last attempt ends, if nothing has ended it."""
        if self.tries and self.tries[-1].ended is None:
            self.tries[-1].ended = how if self.tries[-1].status(at) == "open" else "expired"


class TopUps:
    """The rules of one business."""

    def __init__(self, books: "Reference") -> None:
        self.books = books
        self.rules: dict[str, Rule] = {}

    def rule(self, id: str) -> Rule:
        if id not in self.rules:
            raise Refusal("not-found")
        return self.rules[id]

    # What is left, before and after a command

    def left(self, now: int) -> Falls:
        return {id: self._left(rule, now) for id, rule in self.rules.items()}

    def _left(self, rule: Rule, now: int) -> int:
        return sum(
            sum(line.free for line in package.lines)
            for package in self.books.packages.values()
            if (package.customer, package.offer) == (rule.customer, rule.offer)
            and not package.cancelled
            and not package.expired(now)
        )

    def react(self, before: Falls, asking: Asking, *, uses: bool) -> None:
        """`uses`: whether the command uses units, holds or moves them."""
        for id, rule in self.rules.items():
            customer = self.books.customers[rule.customer]
            if customer.blocked or not customer.active:
                if not rule.asleep and rule.tries and rule.tries[-1].status(asking.now) == "open":
                    rule.ends(asking.now, "withdrawn")
                continue
            fell = id in before and self._left(rule, asking.now) <= rule.threshold < before[id]
            if uses and fell and not rule.asleep and self._may_open(rule, asking.now):
                rule.ends(asking.now, "expired")
                expires = self._expires(rule, asking.now)
                rule.tries.append(Try(self._month(rule, asking.now), asking.now, expires))

    def _may_open(self, rule: Rule, now: int) -> bool:
        offer = self.books.offers[rule.offer]
        bought = sum(
            (p.customer, p.offer) == (rule.customer, rule.offer) and not p.voided and p.transfer is None
            for p in self.books.packages.values()
        )
        month = self._month(rule, now)
        counted = sum(each.month == month and each.status(now) in ("open", "paid") for each in rule.tries)
        return (
            rule.status == "active"
            and not offer.retired
            and self._expires(rule, now) > now
            and not (rule.tries and rule.tries[-1].status(now) == "open")
            and (rule.terms.each is None or bought < rule.terms.each)
            and counted < rule.cap
        )

    def _month(self, rule: Rule, now: int) -> date:
        month = day_at(now, self.books.zone).replace(day=1)
        return max([month, *(each.month for each in rule.tries[-1:])])

    def _expires(self, rule: Rule, due: int) -> int:
        last = rule.terms.ends_on
        end = due + PATIENCE
        return end if last is None else min(end, first_moment(moved(last, 1), self.books.zone))

    # Verbs

    def merge(self, survivor: str, absorbed: str, now: int) -> None:
        """Those of the absorbed customer go on, but not beside one of the survivor's for the same offer."""
        live = [rule for rule in self.rules.values() if rule.status != "removed"]
        taken = {rule.offer for rule in live if rule.customer == survivor and not rule.asleep}
        for rule in self.rules.values():
            if rule.customer == absorbed:
                rule.set_for = rule.set_for or absorbed
                rule.customer, rule.asleep = survivor, rule.asleep or rule.offer in taken
                if rule.asleep and rule.tries and rule.tries[-1].status(now) == "open":
                    rule.ends(now, "withdrawn")

    def unmerge(self, absorbed: str, names: Collection[str]) -> None:
        for rule in self.rules.values():
            if (rule.set_for or rule.customer) in names:
                rule.customer, rule.asleep = absorbed, False

    def set_up(self, id: str, customer: str, offer: str, threshold: int, cap: int) -> bool:
        customer = self.books.called(customer)
        owner, why = self.books.customer(customer), Reasons()
        why.when(id in self.rules, "id-taken")
        why.when(owner.blocked, "customer-blocked")
        why.when(not owner.active, "customer-inactive")
        why.when(offer not in self.books.offers, "not-found")
        if offer in self.books.offers:
            why.when(self.books.offers[offer].retired, "offer-retired")
            why.when(self.books.offers[offer].price == 0, "validation-failed")
        live = [
            rule
            for rule in self.rules.values()
            if rule.customer == customer and not rule.asleep and rule.status != "removed"
        ]
        why.when(any(rule.offer == offer for rule in live), "not-eligible")
        why.refuse()
        self.rules[id] = Rule(customer, offer, self.books.offers[offer], threshold, cap)
        return True

    def turn(self, asking: Asking, id: str, how: str) -> bool:
        """`how`: paused, active or removed."""
        rule = self.rule(id)
        if how == rule.status:
            if how == "removed":
                return False
        elif rule.status == "removed":
            raise Refusal("top-up-state")
        changed, rule.status = rule.status != how, how
        if changed and how != "active":
            rule.ends(asking.now, "withdrawn")
        return changed

    def fail(self, asking: Asking, id: str, number: int) -> bool:
        rule, attempt = self._open(asking, id, number)
        if asking.now < attempt.due:
            raise Refusal("top-up-state")
        attempt.failures += 1
        attempt.due = asking.now + DAY
        attempt.expires = self._expires(rule, attempt.due)
        if attempt.failures == 3:
            attempt.ended, rule.status = "failed", "removed"
        return True

    def settle(self, asking: Asking, id: str, number: int, package: str, payment: str) -> bool:
        """As a sale of the pinned terms, whatever became of the offer."""
        rule, attempt = self._open(asking, id, number)
        now = self.books.offers[rule.offer]
        self.books.offers[rule.offer] = replace(rule.terms, retired=False, each=None)
        try:
            paid = payment, rule.terms.price
            self.books.sell(asking, package, rule.customer, rule.offer, None, payment=paid)
        finally:
            self.books.offers[rule.offer] = now
        self.books.packages[package].top_up = id
        attempt.ended, attempt.package = "paid", package
        return True

    def _open(self, asking: Asking, id: str, number: int) -> tuple[Rule, Try]:
        rule = self.rule(id)
        if not 1 <= number <= len(rule.tries):
            raise Refusal("not-found")
        if rule.tries[number - 1].status(asking.now) != "open":
            raise Refusal("top-up-state")
        return rule, rule.tries[number - 1]
