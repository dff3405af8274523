"""The first day of the books is a local day, east and west of Greenwich."""

from pathlib import Path

import pytest

from tests.api.cli.conftest import Terminal
from tests.api.cli.test_load import a_sale, write

ZONES = (
    "Europe/Budapest",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
    "America/New_York",
    "Pacific/Honolulu",
    "UTC",
)


@pytest.mark.parametrize("zone", ZONES)
def test_the_first_day_can_be_loaded_in_every_time_zone(
    embedded: Terminal, tmp_path: Path, zone: str
) -> None:
    embedded.open_business(zone=zone)
    sale = a_sale(occurred_on="1970-01-01")
    use = {**dict.fromkeys(sale, ""), "reference": "u-1", "occurred_on": "1970-01-01", "kind": "use"}
    use |= {"customer": "ann", "service": "Disc", "units": "3"}
    told = embedded.load(write(tmp_path / "book.csv", [sale, use]))
    assert (told["sales"], told["uses"], told["refused"]) == (1, 1, 0)
    liability = embedded.liability("1970-01-01")
    assert (liability["packages"], liability["units_redeemed"]) == (1, 3)
    (package,) = embedded.told("report", "customer", "ann", "--effective-as-of", "1970-01-01")
    assert package["remaining"] == 7
