"""Between password and second factor: whoever waits here is not logged in and sees no page but the next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import authenticate, login
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare

from clinic import clock, sessions
from clinic.actions import entry, limits, lockout, second_factor
from clinic.models import User

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

PATIENCE = timedelta(minutes=10)
_BACKEND = "django.contrib.auth.backends.ModelBackend"
_KEY = "entering"
_NEXT = "entering_next"


def begin(request: HttpRequest, user: User, to: str) -> HttpResponse:
    """The password was right: on to the second factor, or to setting one up."""
    now = clock.now().timestamp()
    request.session[_KEY] = {"user": str(user.pk), "at": now, "rests_on": user.get_session_auth_hash()}
    request.session[_NEXT] = to
    return redirect("second_factor" if user.second_factor_since is None else "login_code")


def waiting(request: HttpRequest) -> User | None:
    """Who has given the right password a short while ago, and no second factor yet."""
    kept = request.session.get(_KEY)
    if kept is None or clock.now().timestamp() - kept["at"] > PATIENCE.total_seconds():
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    still_holds = user is not None and constant_time_compare(user.get_session_auth_hash(), kept["rests_on"])
    return user if still_holds else None


def forget(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)


def let_in(request: HttpRequest, user: User, *, how: str = "") -> None:
    """Log the person in, under a new number of the session."""
    forget(request)
    login(request, user, backend=_BACKEND)
    if how:
        sessions.note_second_factor(request.session)
    entry.let_in(user=user, how=how or "none")


def destination(request: HttpRequest) -> str:
    """The page that the person had wanted."""
    return str(request.session.pop(_NEXT, None) or "worklist")


def knows_password(request: HttpRequest, user: User, password: str) -> bool:
    """Whether it is the person's own, asked where guesses are counted."""
    limits.count_attempt(request, user.username)
    if authenticate(request, username=user.username, password=password) is not None:
        return True
    if lockout.was_counted(request):
        entry.refuse(username=user.username, locked=lockout.has_locked(request))
    return False


def shown_code(request: HttpRequest, user: User, code: str) -> str | None:
    """What kind of code it is, if it is right; a wrong one counts towards the lock, and nothing is tried while it holds."""
    limits.count_attempt(request, user.username)
    if lockout.is_locked(request, user.username):
        return None
    kind = second_factor.spend(user=user, code=code)
    if kind is None:
        entry.refuse_guess(request, user)
    return kind
