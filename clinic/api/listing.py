"""What every list can be asked for."""

from __future__ import annotations

from rest_framework import serializers

from clinic.api.fields import Strict, Text


class ListQuery(Strict):
    cursor = Text(required=False, max_length=500, help_text="from `next` or `previous` of another page")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=200)
