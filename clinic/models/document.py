"""The large JSON of a record."""

from __future__ import annotations

from json import JSONEncoder
from typing import TYPE_CHECKING, Any

import orjson
from django.db import models

if TYPE_CHECKING:
    JSONField = models.JSONField[dict[str, Any], dict[str, Any]]
else:  # generic to the type checker only
    JSONField = models.JSONField


class _Writer(JSONEncoder):
    def encode(self, o: object) -> str:
        return orjson.dumps(o).decode()


class Document(JSONField):
    """A JSON column that is written quickly; to migrations it is one like any other."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"encoder": _Writer})

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        del options["encoder"]
        return name, "django.db.models.JSONField", args, options
