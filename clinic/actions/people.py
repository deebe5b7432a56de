"""Add the people who work here, and say what each is at which site."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import verify_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import permissions, sessions
from clinic.actions import audit
from clinic.actions.errors import Conflict, NotAllowed, conflict_on_duplicate
from clinic.models import ApiToken, IdempotencyKey, Membership, Site, User
from clinic.permissions import Capability, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SYSTEM = "system"
_PLAIN = "abcdefghjkmnpqrstuvwxyz23456789"
_CHANGEABLE = ("display_name", "email", "is_active")


@transaction.atomic
def system() -> User:
    """The account in whose name the installation itself acts; nobody can log in with it."""
    account = User.objects.filter(username=SYSTEM).first()
    if account is None:
        account = User(username=SYSTEM, display_name="Yellowflag")
        account.set_unusable_password()
        account.save_as(by=account, reason="added for what the installation does itself")
        audit.record(action="user.add", by=account, site=None, obj=account)
    return account


@transaction.atomic
def add(
    *,
    site: Site,
    role: Role,
    username: str,
    display_name: str,
    password: str | None,
    by: User,
    email: str = "",
) -> User:
    """A new user with a first role at a site; without a password nobody can log in as them."""
    permissions.require(by, Capability.MANAGE_PEOPLE, site)
    if username == SYSTEM:
        raise Conflict(_("This user name is taken."))
    user = User(username=username, display_name=display_name, email=email)
    _give_password(user, password)
    with conflict_on_duplicate(_("This user name is taken.")):
        user.save_as(by=by, reason="added")
    audit.record(action="user.add", by=by, site=site, obj=user)
    grant(user=user, site=site, role=role, by=by)
    return user


@transaction.atomic
def change(*, user: User, changes: Mapping[str, object], by: User) -> None:
    """Correct a name or an address, or let somebody in or out; a change of nothing leaves no trace."""
    require_over(by, user)
    unknown = changes.keys() - set(_CHANGEABLE)
    if unknown:
        raise ValidationError(dict.fromkeys(unknown, _("This cannot be changed.")))
    _hold(user)
    fields = [name for name, value in changes.items() if getattr(user, name) != value]
    for name in fields:
        setattr(user, name, changes[name])
    if "is_active" in fields and not user.is_active:
        put_out(user, by)
    if fields:
        user.save_as(by=by, reason=f"changed: {', '.join(fields)}")
        record_everywhere("user.change", user, by, {"fields": fields})


@transaction.atomic
def set_password(*, user: User, password: str, by: User) -> None:
    """Give somebody else whom one looks after a new password."""
    require_over_another(by, user)
    _change_password(user, password, by)


@transaction.atomic
def choose_password(*, password: str, by: User) -> None:
    """Give oneself a new password, where one has just shown the present one."""
    _change_password(by, password, by)


def random_password() -> str:
    """One that nobody has chosen, of 79 bits, in letters and digits that are not taken for each other."""
    groups = ("".join(secrets.choice(_PLAIN) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


@transaction.atomic
def renew_hash(*, user: User, password: str) -> None:
    """Keep the password that was just shown under the hash of today, where it lies under an older kind."""
    _hold(user)
    is_right, is_old = verify_password(password, user.password)
    if is_right and is_old:
        user.set_password(password)
        user.save_as(by=user, reason="password hash renewed")
        record_everywhere("user.renew_hash", user, user, {})


@transaction.atomic
def grant(*, user: User, site: Site, role: Role, by: User) -> Membership:
    """Give a user a role at a site; nobody gives one to themselves."""
    permissions.require(by, Capability.MANAGE_PEOPLE, site)
    if user == by:
        raise NotAllowed(Capability.MANAGE_PEOPLE)
    return enrol(user=user, site=site, role=role, by=by)


@transaction.atomic
def end(*, membership: Membership, by: User) -> None:
    """Take a role away; the row stays with its history."""
    permissions.require(by, Capability.MANAGE_PEOPLE, membership.site)
    membership.refresh_from_db(from_queryset=Membership.objects.select_for_update())
    if not membership.is_active:
        raise Conflict(_("This role has ended already."))
    membership.is_active = False
    put_out(membership.user, by)
    _store(membership, "membership.end", by)


def enrol(*, user: User, site: Site, role: Role, by: User) -> Membership:
    """The membership itself, begun or begun again."""
    membership = Membership.objects.select_for_update().filter(user=user, site=site, role=role).first()
    if membership and membership.is_active:
        raise Conflict(_("This user has this role at this site already."))
    membership = membership or Membership(user=user, site=site, role=role)
    membership.is_active = True
    with conflict_on_duplicate(_("This user has this role at this site already.")):
        _store(membership, "membership.grant", by)
    if role != Role.INTEGRATOR:  # nobody's token but their own acts for a person
        _revoke(ApiToken.objects.filter(user=user).exclude(created_by=user), by)
    return membership


def _store(membership: Membership, action: str, by: User) -> None:
    membership.save_as(by=by, reason=action)
    membership.user.__dict__.pop("roles", None)  # what was read of them before no longer holds
    detail = {"user": str(membership.user_id), "role": membership.role}
    audit.record(action=action, by=by, site=membership.site, obj=membership, detail=detail)


def require_over(by: User, user: User) -> None:
    """Only who manages people at every site of the user may act on the user; nobody on the system."""
    if user.username == SYSTEM:
        raise NotAllowed(Capability.MANAGE_PEOPLE)
    sites = [membership.site for membership in user.memberships.select_related("site")]
    if not sites or not all(permissions.may(by, Capability.MANAGE_PEOPLE, site) for site in sites):
        raise NotAllowed(Capability.MANAGE_PEOPLE)


def require_over_another(by: User, user: User) -> None:
    """The same, and nobody on themselves: at a screen that was left alone that would let anybody in as them."""
    require_over(by, user)
    if user == by:
        raise Conflict(_("Your own password and second factor are changed where you are asked for the present one."))


def _change_password(user: User, password: str, by: User) -> None:
    """Sessions that rest on the old one end, and programs that act for the user are shut out."""
    _hold(user)
    _give_password(user, password)
    user.chose_password = user == by
    user.save_as(by=by, reason="password changed")
    shut_out_programs(user, by)
    record_everywhere("user.password", user, by, {})


def _hold(user: User) -> None:
    """Read the person anew and hold them: what is written back is the whole of them."""
    user.refresh_from_db(from_queryset=User.objects.select_for_update())


def _give_password(user: User, password: str | None) -> None:
    if password is None:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
    user.set_password(password)


def put_out(user: User, by: User) -> None:
    """End for good what the user is logged in with; what was answered then may be theirs to see no more."""
    sessions.end_all_of(user)
    shut_out_programs(user, by)
    IdempotencyKey.objects.filter(user=user).delete()


def shut_out_programs(user: User, by: User) -> None:
    """End every token of the user: what they were issued on no longer holds."""
    _revoke(ApiToken.objects.filter(user=user), by)


def _revoke(tokens: Iterable[ApiToken], by: User) -> None:
    for token in tokens:
        key = token.token_key
        token.delete()
        record_everywhere("token.revoke", token.user, by, {"token": key})


def record_everywhere(action: str, user: User, by: User, detail: audit.Detail) -> None:
    """In the trail of each of the user's sites, in an order that keeps two writers from a deadlock."""
    for site in Site.objects.filter(memberships__user=user).distinct().order_by("pk"):
        audit.record(action=action, by=by, site=site, obj=user, detail=detail)
