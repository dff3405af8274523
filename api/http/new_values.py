"""Members of answers that hold what a command has just made, and a dry run does not know yet.

    class Service(Value):
        id: NewId

An answer of a command holds the new ids and the moment of recording. A dry run shows null in their place.
"""

from typing import Annotated

from pydantic import Field

NEW = "x-new"
"""The mark in a JSON schema; it never reaches the document."""

NewId = Annotated[str, Field(json_schema_extra={NEW: True})]
"""An id that the command may have made."""
NewMoment = Annotated[str, Field(json_schema_extra={NEW: True})]
"""The moment at which the command was recorded."""
