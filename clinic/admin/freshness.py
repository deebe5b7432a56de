"""Asks for the second factor again before what nobody must do at a desk that was left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.shortcuts import redirect
from django.urls import reverse

from clinic import sessions
from clinic.actions import second_factor
from clinic.admin.base import person

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def ask_again(request: HttpRequest) -> HttpResponse | None:
    """On to showing it, and from there back; None where it has just been shown or is not asked for."""
    if not second_factor.is_demanded_of(person(request)) or sessions.has_fresh_second_factor(request.session):
        return None
    return redirect(f"{reverse('second_factor_again')}?{urlencode({'next': request.get_full_path()})}")
