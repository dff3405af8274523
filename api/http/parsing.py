"""Strict reading of bodies and parameters: nothing is converted, nothing unknown is accepted.

    class ServiceBody(Value):
        id: ServiceId | None = None
        list_price: Price | None = None

    sent = read_body(raw, content_type, ServiceBody)   # sent.value: ServiceBody, sent.canonical: bytes

Bodies are pydantic models that forbid extra fields. They are validated from the JSON bytes: only there does
pydantic's strict mode read a text as a date. Before that the bytes are checked for what parsers disagree on:
a key twice, NaN, whole numbers that a double cannot hold, half a surrogate pair, NUL, and nesting that
exhausts a stack.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema

from api.http.problems import Flaw, Problem, flaws_of, invalid
from domain.values import AMOUNT_MAX, Amount, Currency, Value

BODY_BYTES_MAX = 64 * 1024
NESTING_MAX = 32
INTEGER_MAX = 2**53 - 1
NAME_SHOWN_MAX = 100

B = TypeVar("B", bound=BaseModel)
T = TypeVar("T")


class EmptyBody(Value):
    """The body of a command that needs none: absent, or `{}`."""


@dataclass(frozen=True, slots=True)
class Sent(Generic[B]):
    """A body as read. `canonical` is the same for bodies that differ only in white space or key order."""

    value: B
    canonical: bytes


# Fields that bodies share


def _given(value: T | None) -> T:
    if value is None:
        raise ValueError("must not be null: leave it out to keep what it is")
    return value


MayBeAbsent = Annotated[T | SkipJsonSchema[None], AfterValidator(_given)]
"""A field that may be left out but never be null; its default is None."""


class MoneyBody(Value):
    """Money in a request: minor units; the currency may only be the business's own."""

    amount: Amount
    currency: Currency | None = None


def _as_money(given: Any) -> Any:
    return {"amount": given} if isinstance(given, int) and not isinstance(given, bool) else given


class _AmountOrMoney:
    """Describes a price in /schema."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        amount = {"type": "integer", "minimum": 0, "maximum": AMOUNT_MAX}
        described = "Minor units of the business's currency, alone or with that currency."
        return {"description": described, "anyOf": [amount, handler(schema)]}


Price = Annotated[MoneyBody, BeforeValidator(_as_money), _AmountOrMoney()]
"""`{"amount": 12500, "currency": "EUR"}`, or `12500` for short."""


def amount_in(currency: str, price: MoneyBody | None, where: str) -> int | None:
    """The minor units of a price. Raises validation-failed when it is in another currency."""
    if price is None:
        return None
    if price.currency not in (None, currency):
        raise invalid([Flaw(f"{where}/currency", "other-currency", f"must be {currency}")])
    return price.amount


# Bodies


def read_body(raw: bytes, content_type: str | None, model: type[B]) -> Sent[B]:
    """Raises Problem: unsupported-media-type, malformed-body, validation-failed."""
    if not raw and not any(field.is_required() for field in model.model_fields.values()):
        return Sent(model(), b"")
    if content_type != "application/json":
        _check_media_type(content_type)
    sent = parse(raw)
    try:
        value = model.model_validate_json(raw)
    except ValidationError as error:
        raise invalid(flaws_of(error, sent)) from error
    return Sent(value, _CANONICAL.encode(sent).encode())


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
"""Its bytes are fingerprinted and stored with every request: they may never change
(tests/api/http/test_parsing.py)."""


def _check_media_type(content_type: str | None) -> None:
    media, _, parameters = (content_type or "").partition(";")
    charset = re.fullmatch(r'\s*charset\s*=\s*"?([^"\s;]*)"?\s*;?\s*', parameters, re.IGNORECASE)
    utf8 = not parameters.strip() or (charset is not None and charset[1].lower() in ("utf-8", "utf8"))
    if media.strip().lower() != "application/json" or not utf8:
        raise Problem("unsupported-media-type", "the body must be application/json in UTF-8")


class _Twice:
    """Marks a key that was sent twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                known[key] = _Twice()
            seen.add(key)
    return known


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def parse(raw: bytes) -> dict[str, Any]:
    """The JSON object in these bytes, checked as far as no model is needed."""
    sent = _decoded(raw)
    flaws = list(_flaws(sent, "", 1))
    if flaws:
        raise invalid(flaws)
    return sent


def decoded(raw: bytes, content_type: str | None) -> dict[str, Any]:
    """The JSON object in these bytes, whose members are not looked at. `encoded` writes them again.

    Raises Problem: unsupported-media-type, malformed-body.
    """
    _check_media_type(content_type)
    return _decoded(raw)


def encoded(value: Any, where: str) -> bytes:
    """The JSON of a decoded value.

    Raises Problem: validation-failed at `where` for a key that was sent twice, malformed-body.
    """

    def twice(_: Any) -> Any:
        raise invalid([Flaw(where, "duplicate-key", "holds a key twice")])

    try:
        return json.dumps(value, default=twice).encode()
    except RecursionError as error:
        raise _nested() from error


def _decoded(raw: bytes) -> dict[str, Any]:
    try:
        sent = _DECODER.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise Problem("malformed-body", f"the body is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Problem("malformed-body", f"the body is not JSON at {place}") from error
    except RecursionError as error:
        raise _nested() from error
    except ValueError as error:  # a number of thousands of digits
        raise Problem("malformed-body", "the body holds a number that is too long") from error
    if not isinstance(sent, dict):
        raise Problem("malformed-body", "the body must be a JSON object")
    return sent


def _nested() -> Problem:
    return Problem("malformed-body", f"the body is nested more than {NESTING_MAX} levels deep")


def _flaws(value: Any, where: str, depth: int) -> Iterator[Flaw]:
    """Values that no field may hold, by pointer."""
    if isinstance(value, dict | list):
        if depth > NESTING_MAX:
            raise _nested()
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            at = f"{where}/{_shown(key)}"
            if isinstance(key, str) and (what := _unstorable(key)):
                yield Flaw(at, "unstorable-text", f"has a name that holds {what}")
            yield from _flaws(part, at, depth + 1)
    elif isinstance(value, str):
        if what := _unstorable(value):
            yield Flaw(where, "unstorable-text", f"holds {what}")
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            yield Flaw(where, "not-a-number", "must be a finite number")
    elif isinstance(value, int):
        if abs(value) > INTEGER_MAX:
            yield Flaw(where, "integer-out-of-range", "must lie between -(2^53 - 1) and 2^53 - 1")
    elif isinstance(value, _Twice):
        yield Flaw(where, "duplicate-key", "is there twice")


def _unstorable(text: str) -> str | None:
    if "\0" in text:
        return "NUL"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half a surrogate pair"
    return None


def _shown(key: str | int) -> str:
    """A step of a pointer, in a form that can always be written."""
    text = str(key)[:NAME_SHOWN_MAX].encode("ascii", "backslashreplace").decode()
    return text.replace("~", "~0").replace("/", "~1")


# Query parameters


def read_parameters(pairs: Iterable[tuple[str, str]], model: type[B]) -> B:
    """The parameters of a query, under the same strict types as a body.

    A list repeats its parameter; any other may be given once. Raises Problem: unknown-parameter,
    validation-failed.
    """
    kinds = parameter_kinds(model)
    sent: dict[str, Any] = {}
    for name, text in pairs:
        if name not in kinds:
            flaw = Flaw(f"/{_shown(name)}", "unknown-parameter", "is not a parameter of this route", "query")
            raise Problem("unknown-parameter", f"there is no parameter {_shown(name)}", [flaw])
        value = _parameter(kinds[name], text, f"/{name}")
        if kinds[name] == "array":
            sent.setdefault(name, []).append(value)
        elif name in sent:
            raise invalid([Flaw(f"/{name}", "duplicate-key", "is there twice", "query")])
        else:
            sent[name] = value
    try:
        return model.model_validate_json(json.dumps(sent)) if sent else _without_parameters(model)
    except ValidationError as error:
        raise invalid(flaws_of(error, sent, "query")) from error


@lru_cache(maxsize=256)
def _without_parameters(model: type[B]) -> B:
    """The parameters of a query that sends none: they are immutable, so one instance serves all."""
    return model.model_validate_json("{}")


@lru_cache(maxsize=256)
def parameter_kinds(model: type[BaseModel]) -> Mapping[str, str]:
    """Parameter → the JSON type its text stands for."""
    properties = model.model_json_schema().get("properties", {})
    return {name: _kind(schema) for name, schema in properties.items()}


def _kind(schema: Mapping[str, Any]) -> str:
    kinds = [schema, *schema.get("anyOf", ())]
    return next((each["type"] for each in kinds if each.get("type") not in (None, "null")), "string")


def _parameter(kind: str, text: str, where: str) -> Any:
    if what := _unstorable(text):
        raise invalid([Flaw(where, "unstorable-text", f"holds {what}", "query")])
    if kind == "integer":
        if not re.fullmatch(r"-?(0|[1-9][0-9]{0,15})", text):
            raise invalid([Flaw(where, "int-parsing", "must be a whole number", "query")])
        return int(text)
    if kind == "boolean":
        if text not in ("true", "false"):
            raise invalid([Flaw(where, "bool-parsing", "must be true or false", "query")])
        return text == "true"
    return text
