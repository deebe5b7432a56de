"""Addresses that there are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from drf_spectacular.utils import extend_schema

from clinic.actions.errors import NotFound
from clinic.api.door import Address

if TYPE_CHECKING:
    from rest_framework.request import Request


@extend_schema(exclude=True)
class Nowhere(Address):
    """Says so as a problem document, rather than with a page or by sending a POST on as a GET."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        super().initial(request, *args, **kwargs)
        raise NotFound("There is no such address; all of them end in a slash.")
