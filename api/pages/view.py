"""What a page gets, and what it gives: a `View` of a request, and a `Screen` or a `Redirect` for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.pages.asking import Answer, Api, ApiRefused, Parameters, Visitor
from api.pages.forms import Refused
from api.pages.long_answers import LongAnswers
from api.pages.sealing import Seal
from api.pages.session import Session, is_loopback
from api.pages.speech import Speech

SIDES = {"auditor": "audit", "customer": "card"}
"""Role → the side of the house that it lives on; every other role is at the desk."""
OF_A_DOCUMENT = (b"content-security-policy", b"content-disposition")
"""Headers that a document keeps: what it may load, and the name of its file."""
ZONE_COOKIE = "carnet-zone"
"""Its value is `utc` for whoever wants moments in UTC."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go there by GET."""

    address: str
    cookie: str | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A script that looks again finds nothing new: the page stays as it is, with what is typed and where one is."""


@dataclass(frozen=True, slots=True)
class Screen:
    template: str
    shown: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    true_for: int | None = None
    """The position of the ledger that all of it is true for."""
    listed: Answer | None = None
    """The answer whose rows are shown, which the visitor may take along as JSON or CSV."""
    refused: Refused | None = None
    address: str = ""
    """From which it can be shown again by GET, where it answers a form."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that was chosen in a form."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Document:
    """A thing that the API answers in another form than JSON, passed on as it is: a receipt, a photo."""

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What all pages of a process share."""

    api: Api
    seal: Seal
    long: LongAnswers = field(default_factory=LongAnswers)
    """Of reports."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A request for a page, as a screen sees it."""

    frame: Frame
    address: str
    """The path with the query, from which all of the page can be shown again."""
    path: Mapping[str, str]
    parameters: Mapping[str, Sequence[str]]
    """Of the address, without those that were left empty."""
    fields: Mapping[str, str]
    """Of a form."""
    files: Mapping[str, File] = field(default_factory=dict)
    """Of a form that takes files, without those that were not chosen."""
    visitor: Visitor
    session: Session
    me: Mapping[str, Any]
    in_utc: bool
    """Whether moments are shown in UTC, and not on the clock of the business."""

    @property
    def is_part(self) -> bool:
        """Whether a script asks, for a part of a page that is open."""
        return is_part(dict(self.visitor.request["headers"]))

    @property
    def origin(self) -> str:
        """The scheme and the name of the server, as the browser reached it: by HTTPS unless it is this machine."""
        host = dict(self.visitor.request["headers"]).get(b"host", b"").decode("latin-1")
        return f"{'http' if is_loopback(host) else 'https'}://{host}"

    @property
    def zone(self) -> str:
        return "UTC" if self.in_utc else str(self.me["business"]["time_zone"])

    @property
    def speech(self) -> Speech:
        return Speech.of(self.me["locale"], self.zone)

    @property
    def role(self) -> str:
        return str(self.me["actor"]["role"])

    @property
    def today(self) -> date:
        """At the business."""
        return datetime.now(ZoneInfo(self.me["business"]["time_zone"])).date()

    def one(self, name: str) -> str:
        """The value of a parameter, the last where it is repeated; empty where it is not there."""
        return self.parameters.get(name, [""])[-1]

    def asked(self, *names: str) -> dict[str, str | Sequence[str]]:
        """These parameters as the API takes them, as far as they are in the address."""
        found = {name: self.parameters[name] for name in names if name in self.parameters}
        return {name: values[0] if len(values) == 1 else values for name, values in found.items()}

    def typed(self, *names: str) -> dict[str, str]:
        """These fields of the form, without those that were left empty."""
        return {name: value for name in names if (value := self.fields.get(name, "").strip())}

    def amounts(self, *names: str) -> dict[str, int | str]:
        """These fields of money in minor units, without those that were left empty."""
        currency = self.me["business"]["currency"]
        return {name: self.speech.amount_of(text, currency) for name, text in self.typed(*names).items()}

    def numbers(self, *names: str) -> dict[str, int | str]:
        """These fields as whole numbers, without those left empty; what is none as it is, for the API to refuse."""
        return {name: int(text) if _is_whole(text) else text for name, text in self.typed(*names).items()}

    async def ask(
        self, operation: str, path: Mapping[str, str] | None = None, parameters: Parameters | None = None
    ) -> Answer:
        return await self.frame.api.ask(self.visitor, operation, path, parameters)

    async def ask_if(
        self,
        is_wanted: object,
        operation: str,
        path: Mapping[str, str] | None = None,
        parameters: Parameters | None = None,
    ) -> Any:
        """The body of the answer; None where it is not wanted, or was refused."""
        answer = await self.ask(operation, path, parameters) if is_wanted else None
        return answer.body if answer is not None and answer.is_good else None

    async def know(
        self, operation: str, path: Mapping[str, str] | None = None, parameters: Parameters | None = None
    ) -> Answer:
        """The answer to a question that must be answered. Raises ApiRefused."""
        answer = await self.ask(operation, path, parameters)
        if not answer.is_good:
            raise ApiRefused(answer)
        return answer

    async def document(
        self, operation: str, path: Mapping[str, str], parameters: Parameters | None = None
    ) -> Document:
        """A thing that is not JSON, with its own policy of content. Raises ApiRefused."""
        found = await self.frame.api.document(self.visitor, operation, path, parameters)
        if isinstance(found, Answer):
            raise ApiRefused(found)
        return Document(found.body, found.headers[b"content-type"].decode(), passed_on(found.headers))

    async def give(
        self,
        operation: str,
        path: Mapping[str, str] | None,
        body: Mapping[str, Any],
        *,
        part: str = "",
        dry_run: bool = False,
    ) -> Answer:
        """A command of a form, which carries its key and the version that it was made for.

        `part`: a form that gives several commands names each, so that each has a key of its own.
        """
        return await self.frame.api.give(
            self.visitor,
            operation,
            path,
            body,
            key=self.fields.get("key", "") + part,
            if_match=self.fields.get("if_match") or None,
            dry_run=dry_run,
        )

    async def foresee(
        self, operation: str, path: Mapping[str, str] | None, body: Mapping[str, Any]
    ) -> Answer:
        """What a command would do now, whatever version a form was made for. Nothing is done."""
        return await self.frame.api.give(self.visitor, operation, path, body, key="", dry_run=True)

    async def upload(self, operation: str, file: File, parameters: Parameters | None = None) -> Answer:
        """A file of a form that carries its key."""
        key = f"{self.fields.get('key', '')}/file"
        return await self.frame.api.upload(
            self.visitor, operation, file.content, file.media_type, key=key, parameters=parameters
        )

    def refused(self, form: str, answer: Answer) -> Refused:
        """Why a form of this page was not accepted, for the page to tell beside what was typed."""
        return Refused(form, self.fields, answer.status, answer.body)


def is_part(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a script asks, for a part of a page that is open. `headers`: of a request."""
    return headers.get(b"hx-request") == b"true"


def passed_on(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """The headers of an answer that belong to what it holds."""
    return {name.decode(): headers[name].decode() for name in OF_A_DOCUMENT if name in headers}


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 10
