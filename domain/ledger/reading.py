"""Facts for folds: the stored bytes decoded without the checks that they passed when they were written.

A fact read here equals the one that `mapper.recorded` reads. What is not of the layout of a fact is left to the
mapper, which tells what is wrong with it. Limits of numbers and forms of ids are not looked at again: that stored
bytes are as they were written is what the hash chain proves.
"""

from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from functools import cache, lru_cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticUndefined

from domain.calendar_rules import Validity
from domain.fact import Fact
from domain.fact_registry import FACTS
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded, recorded
from domain.package.fact_parts import SoldLine
from domain.values import CancellationTerms

REPEATED = (tuple[SoldLine, ...], Validity, CancellationTerms)
"""Values that many facts have alike, because they come from one version of an offer: each is made once."""
KEPT = 1_024
"""Values of each such field that are kept."""
KEPT_BYTES_MAX = 4_096
"""The JSON of a value that is kept is no longer, so that a field keeps 4 MB of JSON at most."""

SCALARS = (str, int, bool, float, date, datetime)
Convert: TypeAlias = Callable[[Any], Any]
Read: TypeAlias = tuple[Callable[[bytes], Any], Callable[[Any], Fact]]
"""What decodes the bytes of a fact, and what makes the fact of that."""

_slots = vars(BaseModel)
_set_members = _slots["__dict__"].__set__
_set_given = _slots["__pydantic_fields_set__"].__set__
_set_extra = _slots["__pydantic_extra__"].__set__
_set_private = _slots["__pydantic_private__"].__set__


class NotReadHere(Exception):
    """A type that this decoder does not know: the facts that hold it are read by their own class."""


def reading(stored: StoredFact) -> Recorded:
    """The fact in a stored row, as `mapper.recorded` reads it. Raises UnreadableFact with its position."""
    read = reader_of(stored.name, stored.name_version)
    if read is None:
        return recorded(stored)
    decode, make = read
    try:
        return Recorded(make(decode(stored.data)), stored)
    except (msgspec.MsgspecError, ValidationError):
        return recorded(stored)


class _Timed(msgspec.Struct, gc=False):
    effective_at: Annotated[datetime, msgspec.Meta(tz=True)]


_timed = msgspec.json.Decoder(_Timed).decode


def effective_moment(stored: StoredFact) -> datetime | None:
    """The moment at which a fact took effect, as `reading` tells it, without the rest of it; None: it has none.

    The other members are not read where the layout is the present one. Raises UnreadableFact with its position.
    """
    if (stored.name, stored.name_version) in _TIMED:
        try:
            return _timed(stored.data).effective_at
        except msgspec.MsgspecError:
            pass
    return getattr(reading(stored).fact, "effective_at", None)


@lru_cache(maxsize=512)
def reader_of(name: str, version: int) -> Read | None:
    """What reads the bytes of a fact of the present layout; None where its own class has to.

    Made when the first such fact is read: all of them take as long as ten commands.
    """
    fact = _LAYOUTS.get((name, version))
    try:
        return None if fact is None else _reader(fact)
    except NotReadHere:
        return None


_LAYOUTS = {(fact.stored_name, fact.stored_version): fact for fact in FACTS}
"""(stored name, present version) → fact."""
_TIMED = frozenset(key for key, fact in _LAYOUTS.items() if "effective_at" in fact.model_fields)
"""Those that tell when they took effect."""


def _reader(fact: type[Fact]) -> Read:
    layout, make = _model(fact)
    return msgspec.json.Decoder(layout).decode, make


# Layouts: a struct for each class, whose members are converted where JSON has another type


@cache
def _model(model: type[BaseModel]) -> tuple[type[msgspec.Struct], Convert]:
    """The struct of a class, and what makes an object of the class of it."""
    if _is_judged(model):
        raise NotReadHere(model.__name__)
    hints = get_type_hints(model, include_extras=True)
    fields: list[Any] = []
    converted: list[tuple[str, Convert]] = []
    for name, field in model.model_fields.items():
        type_, convert = _form(hints[name])
        if field.is_required():
            fields.append((name, type_))
        elif field.default is PydanticUndefined or isinstance(field.default, list | dict | set):
            raise NotReadHere(f"{model.__name__}.{name}")
        else:
            if convert is not None:
                convert = _unless_default(convert, field.default)
            fields.append((name, type_, field.default))
        if convert is not None:
            converted.append((name, convert))
    layout = msgspec.defstruct(model.__name__, fields, kw_only=True, forbid_unknown_fields=True, gc=False)
    return layout, _maker(model, converted)


def _is_judged(model: type[BaseModel]) -> bool:
    """Whether a function of the class makes or refuses its values."""
    own = model.__pydantic_decorators__
    return bool(own.field_validators or own.model_validators)


def _maker(model: type[BaseModel], converted: list[tuple[str, Convert]]) -> Convert:
    """What makes an object of the class, as pydantic does, of a struct."""
    names, new, members_of = set(model.model_fields), model.__new__, msgspec.structs.asdict

    def make(struct: msgspec.Struct) -> BaseModel:
        members = members_of(struct)
        for name, convert in converted:
            members[name] = convert(members[name])
        made = new(model)
        _set_members(made, members)
        _set_given(made, names)
        _set_extra(made, None)
        _set_private(made, None)
        return made

    return make


def _unless_default(convert: Convert, default: Any) -> Convert:
    return lambda given: given if given is default else convert(given)


def _form(hint: Any) -> tuple[Any, Convert | None]:
    """How a type is decoded from JSON, and what then makes its value of it (None: it is the value)."""
    return (msgspec.Raw, _kept(hint)) if hint in REPEATED else _decoded(hint)


def _decoded(hint: Any) -> tuple[Any, Convert | None]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _union(hint) if get_origin(arguments[0]) in (Union, UnionType) else _form(arguments[0])
    if origin is Literal:
        return _union(hint) if any(isinstance(each, Enum) for each in arguments) else (hint, None)
    if hint is AwareDatetime:
        return Annotated[datetime, msgspec.Meta(tz=True)], None
    if hint in SCALARS or (isinstance(hint, type) and issubclass(hint, Enum)):
        return hint, None
    if origin in (Union, UnionType):
        return _optional(hint, arguments)
    if origin is tuple:
        return _tuple(hint, arguments)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return _union(hint) if _is_judged(hint) else _model(hint)
    raise NotReadHere(str(hint))


def _optional(hint: Any, arguments: tuple[Any, ...]) -> tuple[Any, Convert | None]:
    others = [each for each in arguments if each is not NoneType]
    if len(others) != 1 or len(others) == len(arguments):
        return _union(hint)
    type_, convert = _form(others[0])
    if type_ is msgspec.Raw:
        return _union(hint)
    return Union[type_, None], None if convert is None else partial(_if_any, convert)  # noqa: UP007


def _tuple(hint: Any, arguments: tuple[Any, ...]) -> tuple[Any, Convert | None]:
    forms = [_form(each) for each in arguments if each is not Ellipsis]
    if any(type_ is msgspec.Raw for type_, _ in forms):
        return _union(hint)
    if arguments[-1] is not Ellipsis:
        if any(convert is not None for _, convert in forms):
            return _union(hint)
        return tuple[*(type_ for type_, _ in forms)], None  # type: ignore[misc]
    ((type_, convert),) = forms
    each: Any = type_
    return tuple[each, ...], None if convert is None else partial(_each, convert)


def _if_any(convert: Convert, given: Any) -> Any:
    return None if given is None else convert(given)


def _each(convert: Convert, given: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple([convert(each) for each in given])


def _union(hint: Any) -> tuple[Any, Convert]:
    """Types that only their own class can tell apart."""
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    return msgspec.Raw, lambda raw: adapter.validate_json(bytes(raw))


def _kept(hint: Any) -> Convert:
    type_, convert = _decoded(hint)
    assert convert is not None
    decode = msgspec.json.Decoder(type_).decode

    def make(data: bytes) -> Any:
        return convert(decode(data))

    remembered = lru_cache(maxsize=KEPT)(make)

    def kept(raw: msgspec.Raw) -> Any:
        data = bytes(raw)
        return remembered(data) if len(data) <= KEPT_BYTES_MAX else make(data)

    return kept
