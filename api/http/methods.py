"""The methods that each address takes, by the templates of paths.

    methods = Methods([("/v1/customers/{customer_id}", ("GET", "HEAD")), ("/v1/customers/bulk", ("POST",))])
    methods.allow("/v1/customers/bulk")     "OPTIONS, POST"
    methods.allow("/v1/nothing")            ""

A part that is written out comes before one that stands for any text, as the framework looks for its routes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

ANY = "{}"
"""Stands for a part in braces."""


@dataclass(slots=True)
class _Part:
    inside: dict[str, "_Part"] = field(default_factory=dict)
    methods: set[str] = field(default_factory=set)


class Methods:
    """`known`: templates of paths, and the methods that each takes. One template may come several times."""

    def __init__(self, known: Iterable[tuple[str, Iterable[str]]]) -> None:
        self._first = _Part()
        for template, methods in known:
            here = self._first
            for part in template.strip("/").split("/"):
                here = here.inside.setdefault(ANY if part.startswith("{") else part, _Part())
            here.methods.update(methods)

    def of(self, path: str) -> frozenset[str]:
        """The methods of an address, OPTIONS among them. Empty: there is no such address."""
        here = self._first
        for part in path.strip("/").split("/"):
            found = here.inside.get(part) or here.inside.get(ANY)
            if found is None:
                return frozenset()
            here = found
        return frozenset({*here.methods, "OPTIONS"} if here.methods else ())

    def allow(self, path: str) -> str:
        """The methods of an address, as the header Allow has them."""
        return ", ".join(sorted(self.of(path)))
