"""Let a program act for a user, and stop it."""

from __future__ import annotations

from django.db import transaction

from clinic.actions import people
from clinic.models import ApiToken, User


@transaction.atomic
def issue(*, user: User, name: str, by: User) -> str:
    """A token that acts for the user; this is the one time that it is shown."""
    _require(by, user)
    draft = ApiToken(name=name)
    draft.clean_fields(exclude={field.name for field in ApiToken._meta.fields} - {"name"})
    token, secret = ApiToken.objects.create(user=user, name=draft.name, created_by=by)
    people.record_everywhere("token.issue", user, by, {"token": token.token_key})
    return str(secret)


@transaction.atomic
def revoke(*, token: ApiToken, by: User) -> None:
    """The program is shut out at once."""
    _require(by, token.user)
    key = token.token_key
    token.delete()
    people.record_everywhere("token.revoke", token.user, by, {"token": key})


def _require(by: User, user: User) -> None:
    if by != user:
        people.require_over(by, user)
