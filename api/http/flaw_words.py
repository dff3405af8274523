"""Words for what is wrong with a value: a sentence of ours for every kind of error that pydantic knows.

    words_for({"type": "greater_than_equal", "ctx": {"ge": 1}, "input": 0, …})   # must be at least 1, not 0

A sentence names the limit, and what was sent where that is harmless: a number, a length, a kind of value, never a
text. tests/api/http/test_flaw_words.py fails when an error of the library or a pattern of a model has no words.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

Context = Mapping[str, Any]
Words = Callable[[Context, Any], str]

NOT_ALLOWED = "is not allowed here"
A_DATE = "must be a date, such as 2026-10-03"
A_MOMENT = "must be a moment with its offset, such as 2026-10-03T08:00:00Z"


def words_for(error: ErrorDetails) -> str:
    """The sentence for one error, without its subject."""
    words = WORDS.get(error["type"])
    return NOT_ALLOWED if words is None else words(error.get("ctx", {}), error["input"])


def joined(sentences: Sequence[str]) -> str:
    """Sentences on the alternatives of one value as one: must be a date or a moment."""
    first, *others = dict.fromkeys(sentences)
    return " or ".join([first, *(other.removeprefix("must be ") for other in others)])


# Kinds of sentence


def says(sentence: str) -> Words:
    return lambda context, sent: sentence


def must_be(kind: str) -> Words:
    """Another kind of value is wanted than the one that was sent."""
    return lambda context, sent: f"must be {kind}, not {_kind_of(sent)}"


def limits(relation: str, name: str) -> Words:
    """A number beyond a limit; the context holds it under `name`."""

    def words(context: Context, sent: Any) -> str:
        told = f", not {sent}" if isinstance(sent, int | float) else ""
        return f"must be {relation} {context[name]}{told}"

    return words


def counts(relation: str, name: str, unit: str) -> Words:
    """Too many or too few of something; the context holds the limit under `name`."""

    def words(context: Context, sent: Any) -> str:
        limit = context[name]
        if relation == "at least" and limit == 1:
            return "must not be empty"
        told = f"; it has {len(sent)}" if hasattr(sent, "__len__") else ""
        return f"must have {relation} {limit} {unit}{'' if limit == 1 else 's'}{told}"

    return words


def chooses(name: str) -> Words:
    """None of the choices; the context lists them under `name`."""
    return lambda context, sent: f"must be {_plain(context[name])}"


MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
"""A member of an enumeration, as pydantic lists it."""


def _plain(choices: Any) -> str:
    return MEMBER.sub(r"\1", str(choices))


def _tag(context: Context, sent: Any) -> str:
    choices = str(context["expected_tags"]).rpartition(", ")
    one_of = f"{choices[0]} or {choices[2]}" if choices[0] else choices[2]
    return f"must have one of {one_of} as its {_bare(context['discriminator'])}"


def _bare(name: Any) -> str:
    return str(name).strip("'")


def _own(context: Context, sent: Any) -> str:
    """A rule of ours that a validator checks: `ValueError("is blank")`."""
    return str(context.get("error") or NOT_ALLOWED)


def _kind_of(sent: Any) -> str:
    match sent:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "that"


# Patterns

ID_PATTERN = re.compile(r"\^(?P<prefix>[a-z]{3})_\[0-9A-Za-z_-\]\{1,(?P<length>[0-9]+)\}\$")

PATTERNS: Mapping[str, str] = {
    r"^[A-Z]{3}$": "must be the three capital letters of a currency, such as EUR",
    r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$": "must be a language, maybe with a region, such as hu-HU",
    r"^[a-z]{2,4}_[0-9A-Za-z_-]{1,60}$": "must be the id of a stream, such as that of a package, pkg_ and more",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": A_DATE,
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T": A_MOMENT,
    r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}$": (
        "must be an e-mail address: at most 64 characters, @, at most 189 characters, without spaces"
    ),
    r"^(\+[0-9]|[0-9(])[0-9 ()./-]{2,29}$": (
        "must be a telephone number: digits, spaces and ( ) . / - after a + at most, 30 characters in all"
    ),
    r"^\+[1-9][0-9]{0,3}$": "must be + and the one to four digits of a country, such as +36",
    r"^[a-z][a-z_ -]{0,29}$": (
        "must begin with a small letter, then have at most 29 small letters, spaces, _ or -, such as guide dog"
    ),
    r"^[0-9A-Za-z_-]{1,1000}$": "must be the code of a link, as it stands in its address",
    r"^[\x21-\x7e]{1,50}$": "must be 1 to 50 printable ASCII characters without spaces",
    r"^[\x21-\x7e]{1,60}$": "must be 1 to 60 printable ASCII characters without spaces",
    r"^[0-9A-Za-z._-]{1,50}$": "must be 1 to 50 letters, digits, dots, _ or -",
    r"^[0-9A-Za-z._-]{1,50}:.{1,100}$": (
        "must be source:ref, the source 1 to 50 letters, digits, dots, _ or -, the ref 1 to 100 characters"
    ),
    r"^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$": (
        "must be 1 to 255 printable ASCII characters, with no space at either end"
    ),
    r"^[a-z0-9][a-z0-9_-]{0,39}$": (
        "must be 1 to 40 small letters, digits, _ or -, and begin with a letter or a digit, such as entered_twice"
    ),
    r"^/v1(/[0-9A-Za-z_-]{1,60}){1,6}$": "must be the path of a command, such as /v1/packages",
    "^[^:]+:.+$": "must be source:ref, such as mindbody:1234",
}
"""Pattern of a model → what a text that does not fit it must be."""


def _pattern(context: Context, sent: Any) -> str:
    return pattern_words(str(context["pattern"])) or "is not written as it must be"


def pattern_words(pattern: str) -> str | None:
    """What a text of this pattern must be; None for a pattern without words."""
    if found := ID_PATTERN.fullmatch(pattern):
        return f"must be {found['prefix']}_ and 1 to {found['length']} letters, digits, _ or -"
    return PATTERNS.get(pattern)


# All errors

TEXT, WHOLE, NUMBER = "text", "a whole number", "a number"
LIST, OBJECT, YES_NO = "a list", "an object", "true or false"
IMPOSSIBLE_DATE = "must be a day of the calendar, such as 2026-10-03"
IMPOSSIBLE_MOMENT = "must be a moment of the calendar with its offset, such as 2026-10-03T08:00:00Z"
A_TIME = "must be a time of day, such as 08:00:00"
A_DURATION = "must be a duration, such as PT1H30M"
A_URL = "must be a web address"
A_UUID = "must be a UUID"
A_DECIMAL = "must be a decimal number"
A_FRACTION = "must be a fraction, such as 1/3"

WORDS: Mapping[str, Words] = {
    # Members
    "missing": says("is missing"),
    "extra_forbidden": says("is no field of this request"),
    "invalid_key": says("has a name that is not text"),
    "frozen_field": says("cannot be changed"),
    "frozen_instance": says("cannot be changed"),
    "no_such_attribute": says("is no field of this request"),
    "get_attribute_error": says("cannot be read"),
    "default_factory_not_called": says("is missing, because what it follows from is wrong"),
    "none_required": must_be("null"),
    # Kinds of value
    "string_type": must_be(TEXT),
    "int_type": must_be(WHOLE),
    "float_type": must_be(NUMBER),
    "bool_type": must_be(YES_NO),
    "bytes_type": must_be(TEXT),
    **dict.fromkeys(
        (
            "model_type",
            "model_attributes_type",
            "dataclass_type",
            "dataclass_exact_type",
            "dict_type",
            "frozen_dict_type",
            "ordered_dict_type",
            "counter_type",
            "mapping_type",
        ),
        must_be(OBJECT),
    ),
    **dict.fromkeys(
        (
            "list_type",
            "tuple_type",
            "set_type",
            "frozen_set_type",
            "deque_type",
            "iterable_type",
            "iteration_error",
        ),
        must_be(LIST),
    ),
    "named_tuple_type": must_be("a list or an object"),
    "set_item_not_hashable": says("must hold no lists or objects"),
    "is_instance_of": says(NOT_ALLOWED),
    "is_subclass_of": says(NOT_ALLOWED),
    "callable_type": says(NOT_ALLOWED),
    # Numbers
    "greater_than": limits("more than", "gt"),
    "greater_than_equal": limits("at least", "ge"),
    "less_than": limits("less than", "lt"),
    "less_than_equal": limits("at most", "le"),
    "multiple_of": limits("a multiple of", "multiple_of"),
    "finite_number": says("must be a finite number"),
    "int_parsing": says("must be a whole number"),
    "int_parsing_size": says("must be a whole number that is not so long"),
    "int_from_float": says("must be a whole number, without a fraction"),
    "float_parsing": says("must be a number"),
    "bool_parsing": says("must be true or false"),
    "decimal_type": says(A_DECIMAL),
    "decimal_parsing": says(A_DECIMAL),
    "decimal_max_digits": counts("at most", "max_digits", "digit"),
    "decimal_max_places": counts("at most", "decimal_places", "decimal place"),
    "decimal_whole_digits": counts("at most", "whole_digits", "digit"),
    "fraction_type": says(A_FRACTION),
    "fraction_parsing": says(A_FRACTION),
    "complex_type": says("must be a complex number"),
    "complex_str_parsing": says("must be a complex number"),
    # Text
    "string_too_short": counts("at least", "min_length", "character"),
    "string_too_long": counts("at most", "max_length", "character"),
    "string_pattern_mismatch": _pattern,
    "string_unicode": says("must be text in UTF-8"),
    "string_not_ascii": says("must be ASCII characters alone"),
    "bytes_too_short": counts("at least", "min_length", "byte"),
    "bytes_too_long": counts("at most", "max_length", "byte"),
    "bytes_invalid_encoding": says("is not encoded as it must be"),
    # Lists
    "too_short": counts("at least", "min_length", "item"),
    "too_long": counts("at most", "max_length", "item"),
    # Choices
    "enum": chooses("expected"),
    "literal_error": chooses("expected"),
    "union_tag_invalid": _tag,
    "union_tag_not_found": lambda context, sent: f"must say its {_bare(context['discriminator'])}",
    "missing_sentinel_error": says(NOT_ALLOWED),
    "ellipsis_error": says(NOT_ALLOWED),
    # Days and moments
    "date_type": says(A_DATE),
    "date_parsing": says(IMPOSSIBLE_DATE),
    "date_from_datetime_parsing": says(IMPOSSIBLE_DATE),
    "date_from_datetime_inexact": says("must be a date, without a time of day"),
    "date_past": says("must lie in the past"),
    "date_future": says("must lie in the future"),
    "datetime_type": says(A_MOMENT),
    "datetime_parsing": says(IMPOSSIBLE_MOMENT),
    "datetime_object_invalid": says(IMPOSSIBLE_MOMENT),
    "datetime_from_date_parsing": says(IMPOSSIBLE_MOMENT),
    "datetime_past": says("must lie in the past"),
    "datetime_future": says("must lie in the future"),
    "timezone_naive": says("must have no offset"),
    "timezone_aware": says("must have its offset from UTC, such as Z or +02:00"),
    "timezone_offset": says("must have another offset from UTC"),
    "time_type": says(A_TIME),
    "time_parsing": says(A_TIME),
    "time_delta_type": says(A_DURATION),
    "time_delta_parsing": says(A_DURATION),
    # Rules of ours
    "value_error": _own,
    "assertion_error": says(NOT_ALLOWED),
    # JSON as a whole; api/http/parsing.py has refused most of it before
    "json_invalid": says("is not JSON"),
    "json_type": says("is not JSON"),
    "recursion_loop": says("refers to itself"),
    "recursion_depth_exceeded": says("is nested too deep"),
    "needs_python_object": says(NOT_ALLOWED),
    # Addresses and UUIDs
    **dict.fromkeys(("url_type", "url_parsing", "url_syntax_violation"), says(A_URL)),
    "url_too_long": counts("at most", "max_length", "character"),
    "url_scheme": lambda context, sent: f"must begin with {_plain(context['expected_schemes'])}",
    **dict.fromkeys(("uuid_type", "uuid_parsing"), says(A_UUID)),
    "uuid_version": lambda context, sent: f"must be a UUID of version {context['expected_version']}",
    # Arguments of functions, which no request has
    **dict.fromkeys(
        (
            "arguments_type",
            "missing_argument",
            "unexpected_keyword_argument",
            "missing_keyword_only_argument",
            "unexpected_positional_argument",
            "missing_positional_only_argument",
            "multiple_argument_values",
        ),
        says(NOT_ALLOWED),
    ),
}
"""Kind of error → its sentence."""
