"""Every read model there is. A new one is a file of its own and a line here."""

from projections.cards import CARDS
from projections.definition import Projection
from projections.history import HISTORY
from projections.package_services import PACKAGE_SERVICES
from projections.units import UNITS

READ_MODELS: tuple[Projection, ...] = (CARDS, UNITS, HISTORY, PACKAGE_SERVICES)
