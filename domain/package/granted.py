"""The first fact of a package that a membership granted for one of its periods."""

from typing import Annotated, ClassVar

from pydantic import Field

from domain.package.fact_parts import PackageOpened
from domain.values import UNITS_PER_LINE_MAX, Amount, MembershipId, PackageId, PlanId


class PeriodGranted(PackageOpened):
    """The package of a period of a membership: the units of the plan, and those that rolled over from the period
    before. The rolled ones are the first of their line, keep their values, and are settled where they came from."""

    stored_name: ClassVar = "package.granted"
    membership_id: MembershipId
    plan_id: PlanId
    plan_version: int
    period: int
    from_package_id: PackageId | None = None
    """The package of the period before, where units rolled over."""
    rolled: tuple[Annotated[int, Field(ge=0, le=UNITS_PER_LINE_MAX)], ...]
    """Units that rolled over, line by line."""
    rolled_value: Amount

    @property
    def units_rolled(self) -> int:
        return sum(self.rolled)
