"""Who came in, who was refused and who left: entries of the trail, and a gate that every request passes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_cache_control

from clinic import sessions
from clinic.actions import audit, lockout, people, second_factor
from clinic.models import User

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


# What is open to whoever has yet to choose a password: to do that, with what it takes.
_BEFORE_A_PASSWORD = (
    *("password", "login", "logout", "set_language"),
    *("second_factor", "second_factor_again", "second_factor_picture"),
)


class GateMiddleware:
    """Ends a session that lacks the second factor its person needs; lets no answer to a person stay in a browser.

    Nobody is logged in without it: such a session is of somebody who was given a role since.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _lacks_second_factor(request):
            logout(request)
        response = self.get_response(request)
        if request.user.is_authenticated:
            patch_cache_control(response, no_store=True, private=True)
        return response

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """Nothing is done with a password that somebody else knows but to choose another."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        if isinstance(request.user, User) and name not in _BEFORE_A_PASSWORD and is_to_choose_password(request.user):
            return redirect("password")
        return None


def ask_again(request: HttpRequest, user: User) -> HttpResponse | None:
    """On to showing the second factor, and from there back, before what nobody must do at a desk that was left alone.

    None where it has just been shown or is not asked for.
    """
    if not second_factor.is_demanded_of(user) or sessions.has_fresh_second_factor(request.session):
        return None
    return redirect(f"{reverse('second_factor_again')}?{urlencode({'next': request.get_full_path()})}")


def is_to_choose_password(user: User) -> bool:
    """Whether somebody else gave the person the password that they have."""
    return settings.OWN_PASSWORD_REQUIRED and not user.chose_password


def _lacks_second_factor(request: HttpRequest) -> bool:
    user = request.user
    return (
        isinstance(user, User)
        and not sessions.knows_second_factor(request.session)
        and second_factor.is_demanded_of(user)
    )


@transaction.atomic
def let_in(*, user: User, how: str) -> None:
    """Note a log-in; `how` says what was shown beside the password."""
    audit.record(action="user.login", by=user, site=None, obj=user, detail={"second_factor": how})


def refuse_guess(request: HttpRequest, user: User) -> None:
    """A wrong code, or a wrong password outside the log-in: it counts as it does there."""
    lockout.count_failure(request, user.username)
    refuse(username=user.username, locked=lockout.has_locked(request))


@transaction.atomic
def refuse(*, username: str, locked: bool) -> None:
    """Note a wrong password or code, and that it was one too many."""
    user = User.objects.filter(username=username).first()
    if user is None:
        audit.record_stranger(action="user.login_failed", detail={})  # the name may be a password in the wrong box
        return
    by = people.system()
    audit.record(action="user.login_failed", by=by, site=None, obj=user)
    if locked:
        audit.record(action="user.lock_out", by=by, site=None, obj=user)


@transaction.atomic
def let_out(*, user: User) -> None:
    audit.record(action="user.logout", by=user, site=None, obj=user)
