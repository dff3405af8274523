"""Claims are short, and no name of one thing begins like that of another."""

from domain import claims
from domain.claims import LETTERS
from domain.values import ExternalRef

ID = "0" * 26
REF = ExternalRef(source="till", ref="A/1 ü")
WRITTEN_OUT = {
    f"purchase/cus_{ID}/off_{ID}/4": claims.purchase_claims(f"cus_{ID}", f"off_{ID}", None) + "4",
    f"bought/cus_{ID}/pkg_1": claims.bought_claims(f"cus_{ID}") + "pkg_1",
    f"redemption/red_{ID}/pkg_1": claims.redemption_claims(f"red_{ID}") + "pkg_1",
    f"booking/bkg_{ID}/2": claims.booking_claims(f"bkg_{ID}") + "2",
    f"transfer/trf_{ID}/pkg_1": claims.transfer_claims(f"trf_{ID}") + "pkg_1",
    f"payment/pay_{ID}/": claims.payment_claim(f"pay_{ID}"),
    f"points/pts_{ID}/": claims.entry_claim(f"pts_{ID}"),
    "external/package/till:A%2F1%20%C3%BC/": claims.external_claim("package", REF),
    "external/customer/till:A%2F1%20%C3%BC/1/": claims.external_claim("customer", REF) + "1/",
    "photo/pho_1/": "photo/pho_1/",
}


def test_every_kind_has_a_letter_of_its_own() -> None:
    assert len(set(LETTERS.values())) == len(LETTERS)
    assert {text.partition("/")[0] for text in WRITTEN_OUT} == {*LETTERS, "photo"}


def test_prefixes_are_of_one_length_and_differ() -> None:
    prefixes = {claims.redemption_claims(id) for id in ("red_1", "red_11", "red_1/")} | {
        claims.booking_claims("red_1")
    }
    assert len(prefixes) == 4
    assert {len(prefix) for prefix in prefixes} == {1 + claims.HASH_CHARACTERS}


def test_a_claim_is_found_by_every_prefix_that_it_was_made_of() -> None:
    numbers = claims.purchase_claims("cus_1", "off_1", None)
    assert numbers in claims.prefixes_of(f"{numbers}12")
    external = claims.external_claim("customer", REF)
    assert {external, f"{external}1/"} <= set(claims.prefixes_of(f"{external}1/"))
    assert set(claims.prefixes_of("photo/pho_1/owner")) == {"photo/", "photo/pho_1/", "photo/pho_1/owner"}
    assert list(claims.prefixes_of(claims.payment_claim("pay_1"))) == [claims.payment_claim("pay_1")]


def test_a_prefix_tells_whether_it_is_that_of_a_new_id() -> None:
    assert claims.all_name([claims.redemption_claims("red_1")], ["red_1"])
    assert claims.all_name([claims.payment_claim("pay_1")], ["pay_1"])
    assert claims.all_name(["photo/pho_1/"], ["pho_1"])
    assert claims.all_name(
        [claims.redemption_claims("red_1"), claims.payment_claim("pay_1")], ["pay_1", "red_1"]
    )
    assert claims.all_name([], ["red_1"])
    assert not claims.all_name([claims.redemption_claims("red_1"), claims.payment_claim("pay_1")], ["red_1"])
    assert not claims.all_name([claims.redemption_claims("red_1")], ["red_2"])
    assert not claims.all_name([claims.purchase_claims("cus_1", "off_1", None)], ["off_1"])
