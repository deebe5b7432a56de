"""Let a program act for a user, and stop it.

People make tokens for programs of their own. Others are made for integrators only: whoever could make one for
somebody else would act in their name.
"""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.actions import people
from clinic.actions.errors import Conflict, NotAllowed
from clinic.models import ApiToken, User
from clinic.permissions import Capability, Role, Scope

DAYS = (7, 30, 90)  # so long a token may live


@transaction.atomic
def issue(*, user: User, name: str, by: User, scope: str = Scope.WRITE, days: int = DAYS[-1]) -> str:
    """A token that acts for the user; this is the one time that it is shown."""
    if by.scope is not None:  # a program makes no other
        raise NotAllowed(Capability.MANAGE_PEOPLE)
    if by != user:
        _require_integrator(user, scope, by)
    if days not in DAYS:
        raise ValidationError({"days": _("Choose one.")})
    draft = ApiToken(name=name, scope=scope)
    draft.clean_fields(exclude={field.name for field in ApiToken._meta.fields} - {"name", "scope"})
    token, secret = ApiToken.objects.create(
        user=user, name=draft.name, scope=scope, created_by=by, expiry=timedelta(days=days)
    )
    detail = {"token": token.token_key, "scope": str(scope), "until": token.expiry.isoformat()}
    people.record_everywhere("token.issue", user, by, detail)
    return str(secret)


@transaction.atomic
def revoke(*, token: ApiToken, by: User) -> None:
    """The program is shut out at once."""
    if by != token.user:
        people.require_over(by, token.user)
    key = token.token_key
    token.delete()
    people.record_everywhere("token.revoke", token.user, by, {"token": key})


def _require_integrator(user: User, scope: str, by: User) -> None:
    people.require_over(by, user)
    if {role for roles in user.roles.values() for role in roles} != {Role.INTEGRATOR}:
        raise Conflict(_("People make their own tokens: here they are made for integrators only."))
    if scope == Scope.DECIDE:
        raise Conflict(_("What is decided about a patient is decided by a person, not by an integrator."))
