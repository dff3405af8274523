"""A process that shares the work of `carnet rebuild --workers`: `python -m api.cli.rebuild_worker TABLE…`."""

import sys
from collections.abc import Sequence

from api.cli.options import here
from projections.engine.rebuild import help_filling


def main(physicals: Sequence[str]) -> None:
    with here() as installed:
        help_filling(installed.carnet.store, installed.views, physicals)


if __name__ == "__main__":
    main(sys.argv[1:])
