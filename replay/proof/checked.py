"""Facts checked as strictly as their classes check them, and several times as fast.

A decoder is made of the schema of each class. It takes nothing that the class would refuse. What it does not take is
left to the class, which alone refuses a fact, in its own words.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias, Union, cast

import msgspec
from pydantic import BaseModel
from pydantic_core import CoreConfig, CoreSchema, SchemaValidator

from domain.fact import Fact
from domain.fact_registry import FACTS
from domain.ledger.reading import KEPT, KEPT_BYTES_MAX, REPEATED

Check: TypeAlias = Callable[[Any], object]
"""Raises ValueError for a value that it is not sure of."""
Form: TypeAlias = tuple[Any, Check | None]
"""The type that JSON is decoded to, and what remains to be checked."""
Schema: TypeAlias = Mapping[str, Any]

DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MOMENT = DAY + r"T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
"""As facts write days and moments, and no other form."""
STRICT = CoreConfig(strict=True, extra_fields_behavior="forbid")
PLAIN: Mapping[str, frozenset[str]] = {
    "str": frozenset(("type", "pattern", "min_length", "max_length", "metadata", "strict", "ref")),
    "int": frozenset(("type", "ge", "le", "gt", "lt", "metadata", "strict", "ref")),
    "bool": frozenset(("type", "metadata", "strict", "ref")),
}
"""Types of schemas, and what they may say to be understood here."""

_set_members = vars(BaseModel)["__dict__"].__set__


class Unsure(Exception):
    """A schema that no decoder is made of: its class checks every value."""


def checked(name: str, version: int, data: bytes) -> Fact:
    """The fact in these stored bytes, once they are what its class takes. Raises UnreadableFact as its class does.

    Its parts are as JSON has them: days and moments are texts, and parts of it have their members but not their
    class. Good to ask what a fact claims; no other use of it is.
    """
    taken = (_TAKERS or _takers()).get((name, version))
    if taken is not None:
        cls, decode = taken
        try:
            struct = decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return FACTS.read(name, version, data)
        made = cls.__new__(cls)
        _set_members(made, msgspec.structs.asdict(struct))
        return made
    return FACTS.read(name, version, data)


_TAKERS: dict[tuple[str, int], tuple[type[Fact], Callable[[bytes], msgspec.Struct]]] = {}
"""Those of all facts, made when the first fact is checked."""


def _takers() -> dict[tuple[str, int], tuple[type[Fact], Callable[[bytes], msgspec.Struct]]]:
    _TAKERS.update({(cls.stored_name, cls.stored_version): (cls, take) for cls, take in takers()})
    return _TAKERS


def takers() -> list[tuple[type[Fact], Callable[[bytes], msgspec.Struct]]]:
    """Facts of which a decoder can be made, each with it."""
    found: list[tuple[type[Fact], Callable[[bytes], msgspec.Struct]]] = []
    for cls in FACTS:
        try:
            layout, _ = _Forms().form(cls.__pydantic_core_schema__)
        except Unsure:
            continue
        if isinstance(layout, type) and issubclass(layout, msgspec.Struct):
            found.append((cls, msgspec.json.Decoder(layout).decode))
    return found


class _Forms:
    """Makes forms of the schemas of one class."""

    def __init__(self) -> None:
        self._definitions: dict[str, Schema] = {}
        self._inside: list[str] = []

    def form(self, schema: Schema) -> Form:
        kind = schema["type"]
        if kind in PLAIN:
            return _plain(schema), None
        makers: Mapping[str, Callable[[Schema], Form]] = {
            "definitions": self._of_definitions,
            "definition-ref": self._of_reference,
            "model": self._of_model,
            "nullable": self._of_nullable,
            "json-or-python": lambda each: self._of_written(each["json_schema"]),
            "function-after": self._of_function,
            "tuple": self._of_tuple,
            "literal": lambda each: (_literal(each["expected"]), None),
            "enum": lambda each: (_literal(each["members"]), None),
        }
        return makers.get(kind, self._left_to_class)(schema)

    def _left_to_class(self, schema: Schema) -> Form:
        """JSON that pydantic checks: the same bytes come again and again in most places of the kind."""
        whole = cast(
            CoreSchema,
            {"type": "definitions", "schema": schema, "definitions": list(self._definitions.values())}
            if self._definitions
            else schema,
        )
        return msgspec.Raw, _kept(SchemaValidator(whole, STRICT).validate_json)

    def _of_definitions(self, schema: Schema) -> Form:
        self._definitions |= {each["ref"]: each for each in schema["definitions"]}
        return self.form(schema["schema"])

    def _of_reference(self, schema: Schema) -> Form:
        name = schema["schema_ref"]
        if name in self._inside:
            raise Unsure(name)
        self._inside.append(name)
        try:
            return self.form(self._definitions[name])
        finally:
            self._inside.pop()

    def _of_model(self, schema: Schema) -> Form:
        cls, inner = schema["cls"], schema["schema"]
        config = cls.model_config
        judged = inner["type"] != "model-fields" or schema.get("post_init") or schema.get("custom_init")
        if judged or config.get("extra") != "forbid" or config.get("strict") is not True:
            return self._left_to_class(schema)
        fields: list[Any] = []
        checks: list[tuple[str, Any, Check]] = []
        for name, field in inner["fields"].items():
            if field.get("validation_alias") is not None:
                raise Unsure(f"{cls.__name__}.{name}")
            given = field["schema"]
            default = [given["default"]] if given["type"] == "default" and "default" in given else []
            if given["type"] == "default":
                if not default or given.get("validate_default"):
                    raise Unsure(f"{cls.__name__}.{name}")
                given = given["schema"]
            type_, check = self.form(given)
            if cls.model_fields[name].annotation in REPEATED and type_ is not msgspec.Raw:
                type_, check = msgspec.Raw, _kept(_decoder(type_, check))
            fields.append((name, type_, *default))
            if check is not None:
                checks.append((name, default[0] if default else msgspec.NODEFAULT, check))
        after = {"__post_init__": _all_of(checks)} if checks else {}
        return (
            msgspec.defstruct(
                cls.__name__, fields, kw_only=True, forbid_unknown_fields=True, gc=False, namespace=after
            ),
            None,
        )

    def _of_nullable(self, schema: Schema) -> Form:
        type_, check = self.form(schema["schema"])
        if type_ is msgspec.Raw:
            return self._left_to_class(schema)
        return Union[type_, None], None if check is None else _unless(check, None)  # noqa: UP007

    def _of_written(self, schema: Schema) -> Form:
        """A day or a moment, whose form as text is checked first."""
        return str, _written(schema, None)

    def _of_function(self, schema: Schema) -> Form:
        function, inner = schema["function"], schema["schema"]
        if function["type"] != "no-info":
            return self._left_to_class(schema)
        if inner["type"] == "json-or-python":
            return str, _written(inner["json_schema"], function["function"])
        type_, check = self.form(inner)
        if inner["type"] != "str" or check is not None:
            return self._left_to_class(schema)
        return type_, lru_cache(maxsize=KEPT)(function["function"])

    def _of_tuple(self, schema: Schema) -> Form:
        items = [self.form(each) for each in schema["items_schema"]]
        if any(type_ is msgspec.Raw for type_, _ in items):
            return self._left_to_class(schema)
        bounds = {name: schema[name] for name in ("min_length", "max_length") if name in schema}
        if schema.get("variadic_item_index") == 0 and len(items) == 1:
            ((type_, check),) = items
            each: Any = type_
            of_all = Annotated[tuple[each, ...], msgspec.Meta(**bounds)] if bounds else tuple[each, ...]
            return of_all, None if check is None else _for_each(check)
        if bounds or "variadic_item_index" in schema or any(check is not None for _, check in items):
            return self._left_to_class(schema)
        return tuple[*(type_ for type_, _ in items)], None  # type: ignore[misc]


def _plain(schema: Schema) -> Any:
    kind, said = schema["type"], {name for name, value in schema.items() if value is not None}
    if not said <= PLAIN[kind] or schema.get("strict") is False:
        raise Unsure(f"{kind}: {sorted(said - PLAIN[kind])}")
    bounds = {name: schema[name] for name in said & {"ge", "le", "gt", "lt", "min_length", "max_length"}}
    if (pattern := schema.get("pattern")) is not None:
        if not pattern.startswith("^") or not pattern.endswith("$") or "$" in pattern[:-1]:
            raise Unsure(pattern)
        # Python's `$` also matches before a last line end.
        bounds["pattern"] = pattern[:-1] + r"\Z"
    type_ = {"str": str, "int": int, "bool": bool}[kind]
    return Annotated[type_, msgspec.Meta(**bounds)] if bounds else type_


def _literal(values: list[Any]) -> Any:
    told = tuple(each.value if isinstance(each, Enum) else each for each in values)
    if not all(isinstance(each, str) for each in told):
        raise Unsure(str(told))
    return Literal[told]


# Checks


def _written(schema: Schema, judge: Check | None) -> Check:
    """Checks a text that is a day or a moment. One day or moment stands in many facts."""
    if schema["type"] != "chain" or [each["type"] for each in schema["steps"][:-1]] != ["str"]:
        raise Unsure(str(schema["type"]))
    text, value = schema["steps"]
    form, example, read = {
        "date": (DAY, "2000-01-01", date.fromisoformat),
        "datetime": (MOMENT, "2000-01-01T00:00:00.000Z", datetime.fromisoformat),
    }[value["type"]]
    if re.match(text["pattern"], example) is None:
        raise Unsure(text["pattern"])
    matches = re.compile(form).fullmatch

    @lru_cache(maxsize=KEPT)
    def look(given: str) -> None:
        if matches(given) is None:
            raise ValueError("another form")
        made = read(given)
        if judge is not None:
            judge(made)

    return look


def _all_of(checks: list[tuple[str, Any, Check]]) -> Callable[[msgspec.Struct], None]:
    """`checks`: member, its default, which is not looked at, and the check."""

    def look(made: msgspec.Struct) -> None:
        for name, default, check in checks:
            value = getattr(made, name)
            if value is not default:
                check(value)

    return look


def _unless(check: Check, default: Any) -> Check:
    return lambda given: given is default or check(given)


def _for_each(check: Check) -> Check:
    return lambda given: [check(each) for each in given]


def _decoder(type_: Any, check: Check | None) -> Check:
    decode = msgspec.json.Decoder(type_).decode
    return decode if check is None else lambda data: check(decode(data))


def _kept(check: Check) -> Check:
    """The same, which looks at equal bytes once."""
    remembered = lru_cache(maxsize=KEPT)(lambda data: check(data) and None)

    def look(raw: msgspec.Raw) -> object:
        data = bytes(raw)
        return remembered(data) if len(data) <= KEPT_BYTES_MAX else check(data)

    return look
