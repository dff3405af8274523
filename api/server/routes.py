"""All routes that the server answers."""

from collections.abc import Sequence

from litestar.handlers import HTTPRouteHandler

from api.imports import routes as imports
from api.resources import registry

HANDLERS: Sequence[HTTPRouteHandler] = (*registry.HANDLERS, *imports.HANDLERS)
