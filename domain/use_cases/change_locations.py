"""Change where a package can be used, say because a location it was sold for has closed."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import ChangeLocations
from domain.package.places import change_locations
from domain.use_cases.checks import check_locations
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: ChangeLocations, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, Invalid for an unknown location, and what `change_locations` raises."""
    check_locations(books, {f"/locations/{n}": place for n, place in enumerate(command.locations)})
    return decided(
        command.package_id, command, books, at, lambda package: change_locations(package, command, at)
    )


CHANGE_LOCATIONS = UseCase(ChangeLocations, reads_package, decide, id_in("package_id"))
