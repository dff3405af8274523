"""The constrained types: whatever passes can be stored, compared and shown; nothing is converted."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.actor import Actor, Role
from domain.ledger.mapper import Meta
from domain.moments import Day, DayOrMoment, Moment, from_milliseconds, rfc3339
from domain.values import ExternalRef, LongText, Money, Name, PackageId, Quantity, Value, Wording
from tests.strategies import moments, texts


class Form(Value):
    """One field of each type, as a request would have it."""

    id: PackageId | None = None
    name: Name | None = None
    text: LongText | None = None
    quantity: Quantity | None = None
    money: Money | None = None
    day: Day | None = None
    moment: Moment | None = None
    when: DayOrMoment | None = None


@pytest.mark.parametrize(
    ("json", "field", "value"),
    [
        ('{"id": "pkg_0-A_z"}', "id", "pkg_0-A_z"),
        ('{"name": "Massage ×10 💆"}', "name", "Massage ×10 💆"),
        ('{"text": "two\\nlines\\tand a tab"}', "text", "two\nlines\tand a tab"),
        ('{"quantity": 1000}', "quantity", 1_000),
        ('{"day": "2024-02-29"}', "day", date(2024, 2, 29)),
        ('{"day": "1970-01-01"}', "day", date(1970, 1, 1)),
        ('{"day": "2200-12-31"}', "day", date(2200, 12, 31)),
        ('{"moment": "2026-10-03T12:00:00+02:00"}', "moment", datetime(2026, 10, 3, 10, tzinfo=UTC)),
        (
            '{"moment": "2026-10-03T10:00:00.123987Z"}',
            "moment",
            datetime(2026, 10, 3, 10, 0, 0, 123_000, UTC),
        ),
        ('{"moment": "1970-01-01T00:00:00+14:00"}', "moment", datetime(1969, 12, 31, 10, tzinfo=UTC)),
        (
            '{"moment": "2200-12-31T23:59:59.999-12:00"}',
            "moment",
            datetime(2201, 1, 1, 11, 59, 59, 999_000, UTC),
        ),
        ('{"when": "2026-10-03"}', "when", date(2026, 10, 3)),
        ('{"when": "2026-10-03T00:00:00Z"}', "when", datetime(2026, 10, 3, tzinfo=UTC)),
    ],
)
def test_what_a_request_may_say(json: str, field: str, value: Any) -> None:
    read = getattr(Form.model_validate_json(json), field)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "json",
    [
        '{"unknown": 1}',
        '{"id": "pkg_"}',
        '{"id": "pkg_1\\n"}',
        '{"id": "pkg_' + 41 * "x" + '"}',
        '{"id": "cus_1"}',
        '{"id": "pkg_é"}',
        '{"name": ""}',
        '{"name": " \\t"}',
        '{"name": "a\\u0000b"}',
        '{"name": "a\\u001bb"}',
        '{"name": "a\\u007fb"}',
        '{"name": "' + 201 * "x" + '"}',
        '{"text": "' + 2_001 * "x" + '"}',
        '{"name": 1}',
        '{"quantity": 0}',
        '{"quantity": 1001}',
        '{"quantity": 1.0}',
        '{"quantity": "1"}',
        '{"quantity": true}',
        '{"quantity": 1e2}',
        '{"quantity": NaN}',
        '{"quantity": 99999999999999999999}',
        '{"money": {"amount": -1, "currency": "EUR"}}',
        '{"money": {"amount": 1000000000001, "currency": "EUR"}}',
        '{"money": {"amount": 1.5, "currency": "EUR"}}',
        '{"money": {"amount": 1, "currency": "eur"}}',
        '{"money": {"amount": 1, "currency": "EURO"}}',
        '{"money": {"amount": 1}}',
        '{"day": "2026-02-29"}',
        '{"day": "1969-12-31"}',
        '{"day": "2201-01-01"}',
        '{"day": "0000-00-00"}',
        '{"day": "2026-10-03T00:00:00Z"}',
        '{"day": "86400"}',
        '{"day": 86400}',
        '{"moment": "2026-10-03T10:00:00"}',
        '{"moment": "2026-10-03"}',
        '{"moment": "1790000000"}',
        '{"moment": 1790000000}',
        '{"moment": "1969-12-31T09:59:59Z"}',
        '{"moment": "2201-01-01T12:00:00Z"}',
        '{"moment": "0001-01-01T00:00:00+14:00"}',
        '{"moment": "9999-12-31T23:59:59-14:00"}',
        '{"when": "1790000000"}',
        '{"when": "yesterday"}',
    ],
)
def test_what_a_request_may_not_say(json: str) -> None:
    with pytest.raises(ValidationError):
        Form.model_validate_json(json)


@given(texts())
def test_whatever_people_type_passes_unchanged(text: str) -> None:
    assert Form(name=text).name == text


@given(st.text(max_size=30))
def test_no_text_that_passes_can_break_a_store(text: str) -> None:
    try:
        Form(name=text)
    except ValidationError:
        return
    assert "\0" not in text
    assert text.encode("utf-8")


@given(moments())
def test_a_moment_is_written_and_read_to_the_millisecond(moment: datetime) -> None:
    written = rfc3339(moment)
    assert len(written) == len("2026-10-03T08:00:00.000Z")
    assert Form.model_validate_json(f'{{"moment": "{written}"}}').moment == moment
    assert (
        from_milliseconds((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)) == moment
    )


def test_a_wording_leaves_a_salted_commitment_and_no_text() -> None:
    wording = Wording(id="txt_1", salt=b"pinch", text="allergic to almonds")
    assert wording.ref.commitment == sha256(b"pinch" + b"allergic to almonds").hexdigest()
    assert "almonds" not in wording.ref.model_dump_json()
    other = Wording(id="txt_1", salt=b"dash", text="allergic to almonds")
    assert other.ref.commitment != wording.ref.commitment


def test_an_external_reference_reads_source_colon_ref() -> None:
    assert str(ExternalRef(source="mindbody", ref="991")) == "mindbody:991"


def test_a_copy_works_out_anew_what_was_worked_out_of_other_fields() -> None:
    meta = Meta(actor=Actor(id="stf_1", role=Role.OWNER))
    assert b"secret" not in meta.to_bytes()
    copied = meta.model_copy(update={"secret": "abc"})
    assert Meta.model_validate_json(copied.to_bytes()) == copied != meta
