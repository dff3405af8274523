"""The OpenAPI 3.1 document, made from the routes and their pydantic models.

Offers `document`, which makes it, and `Example`, which it shows. It is made here rather than by the framework, because
bodies are read from their bytes: the models that check a request also describe it.

Touch it to describe something of all routes: a header, a parameter, how types are named or composed.

Never describe one route here: the docstring of its function and `api/resources/examples.json` do.
"""

from api.http.openapi.document import document
from api.http.openapi.operations import Example
from api.http.openapi.types import PUBLIC_NAME

__all__ = ["PUBLIC_NAME", "Example", "document"]
