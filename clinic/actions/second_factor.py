"""The second factor: a code of the person's own app, good once, or one of their recovery codes.

The secret is sealed under a key of the environment and bound to its owner, so that a copy of the
database gives no codes, and a row put in the place of another opens nothing.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import pyotp
import segno
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import clock, permissions
from clinic.actions import people
from clinic.actions.errors import Conflict
from clinic.models import SecondFactor, User

if TYPE_CHECKING:
    from clinic.actions.audit import Detail

STEP = 30  # seconds in which an app shows the same code
CODES = 8  # recovery codes that are given out
CODE, RECOVERY_CODE = "code", "recovery code"


@dataclass(frozen=True, slots=True)
class Draft:
    """What an app is told when a second factor is set up, and the same sealed."""

    sealed: str
    secret: str
    uri: str

    @property
    def picture(self) -> bytes:
        """The same for the camera of the app, as SVG."""
        drawn = BytesIO()
        segno.make_qr(self.uri).save(drawn, kind="svg", scale=5, light="#fff")
        return drawn.getvalue()

    @property
    def groups(self) -> str:
        """The secret as it is typed off a page."""
        return _in_groups(self.secret)


def is_demanded_of(user: User) -> bool:
    """Whether the person is not let in without one: because of their roles, or because they have one."""
    if user.second_factor_since is not None:
        return True
    return settings.SECOND_FACTOR_REQUIRED and permissions.needs_second_factor(user)


def draft(user: User, *, kept: str | None) -> Draft:
    """The draft that was kept while the person sets it up, or a new one where none was or it cannot be read."""
    try:
        sealed = kept or _seal(pyotp.random_base32(), user)
        secret = _unseal(sealed, user)
    except Conflict:
        return draft(user, kept=None)
    return Draft(sealed, secret, pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Yellowflag"))


@transaction.atomic
def set_up(*, by: User, sealed: str, code: str) -> list[str]:
    """Take the drafted secret for the person's own, in the place of any before; the recovery codes are told this once."""
    step = _step_of(code, _unseal(sealed, by), after=-1)
    if step is None:
        raise Conflict(_("This is not the code that the app shows now."))
    codes = [_in_groups(base64.b32encode(secrets.token_bytes(20)).decode()) for _ in range(CODES)]
    digests = [_digest(each) for each in codes]
    SecondFactor.objects.update_or_create(
        user=by, defaults={"sealed": sealed, "last_step": step, "recovery_digests": digests}
    )
    _change(by, "replaced" if by.second_factor_since else "set up", by)
    return codes


@transaction.atomic
def spend(*, user: User, code: str) -> str | None:
    """Which kind of code it is, if it is right; it is not right a second time."""
    factor = SecondFactor.objects.select_for_update().filter(user=user).first()
    if factor is None:
        return None
    step = _step_of(code, _unseal(factor.sealed, user), after=factor.last_step)
    if step is not None:
        factor.last_step = step
    elif _digest(code) in factor.recovery_digests:
        factor.recovery_digests.remove(_digest(code))
    else:
        return None
    factor.save()
    return RECOVERY_CODE if step is None else CODE


@transaction.atomic
def forget(*, user: User, by: User) -> None:
    """Take away the second factor of somebody else who lost app and recovery codes, so that they set up another."""
    people.require_over_another(by, user)
    SecondFactor.objects.filter(user=user).delete()
    if user.second_factor_since is not None:
        _change(user, "taken away", by)


def _change(user: User, what: str, by: User) -> None:
    """Note it at the user, on whom the sessions rest; programs with the user's tokens are shut out too."""
    user.refresh_from_db(from_queryset=User.objects.select_for_update())
    is_first = user.second_factor_since is None
    user.second_factor_since = None if what == "taken away" else clock.now()
    user.save_as(by=by, reason=f"second factor {what}")
    if not is_first:
        people.shut_out_programs(user, by)
    detail: Detail = {"what": what}
    people.record_everywhere("user.mfa_change", user, by, detail)


def _step_of(code: str, secret: str, *, after: int) -> int | None:
    """The step of time whose code it is: the present one or a neighbour, and later than the last one used."""
    now = int(clock.now().timestamp()) // STEP
    app, said = pyotp.TOTP(secret), code.replace(" ", "").encode()
    for step in (now - 1, now, now + 1):
        if step > after and secrets.compare_digest(app.generate_otp(step).encode(), said):
            return step
    return None


def _seal(secret: str, user: User) -> str:
    sealed = AESSIV(settings.MFA_KEY).encrypt(secret.encode(), [user.pk.bytes])
    return base64.b64encode(sealed).decode()


def _unseal(sealed: str, user: User) -> str:
    try:
        return AESSIV(settings.MFA_KEY).decrypt(base64.b64decode(sealed), [user.pk.bytes]).decode()
    except InvalidTag as error:
        raise Conflict(
            _("Your second factor cannot be read any more: have it taken away and set up another.")
        ) from error


def _in_groups(text: str) -> str:
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def _digest(code: str) -> str:
    """Of a recovery code, however it was typed; 120 bits of chance need no slow hash."""
    plain = code.replace(" ", "").replace("-", "").upper()
    return hashlib.sha256(plain.encode()).hexdigest()
