"""Where care is given, and who works there as what."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from clinic import clock
from clinic.models.base import AuditedQuerySet, Days, EditedRecord, Line, Paragraph, history
from clinic.models.references import ReferenceKind
from clinic.models.sealed import UnderRing
from clinic.permissions import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from clinic.models.break_glass import BreakGlass


def zone_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in clock.zone_names()]


class SiteRows(AuditedQuerySet["Site"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(pk__in=user.roles)


class Site(EditedRecord):
    """A clinic or practice, with the numbers that its patients are given when it is urgent."""

    name = Line(max_length=120)
    slug = models.SlugField(unique=True)
    emergency_number = Line(max_length=60, blank=True)
    crisis_line = Line(max_length=120, blank=True)
    emergency_department = Line(max_length=200, blank=True)
    address = Paragraph(blank=True)
    phone = Line(max_length=60, blank=True)
    time_zone = Line(
        max_length=60,
        blank=True,
        choices=zone_choices,
        help_text="Whose days and hours the site keeps. Until somebody chooses, they are those of UTC.",
    )
    reference_kind = models.CharField(
        max_length=10,
        choices=ReferenceKind,
        default=ReferenceKind.ANY,
        help_text="What the site knows its patients by; a new reference that reads otherwise is refused.",
    )
    days_to_complete = Days(default=1, help_text="Days in which an opened intake is to be completed.")
    days_to_decide = Days(default=2, help_text="Days in which a clinician is to decide on a result.")
    days_to_send = Days(default=2, help_text="Days in which an accepted referral is to be sent.")
    days_to_receive = Days(default=7, help_text="Days in which the receiving service is to confirm a referral.")
    days_to_book = Days(default=14, help_text="Days in which the receiving service is to give an appointment.")
    days_to_close = Days(default=14, help_text="Days in which the outcome of an appointment is to be recorded.")
    days_to_reroute = Days(default=2, help_text="Days in which a declined referral is to be sent elsewhere.")
    days_to_escalate = Days(default=7, help_text="Days past a deadline after which lateness is escalated.")
    is_live = models.BooleanField(default=False, help_text="Patients may be taken in here.")

    history = history()
    objects = SiteRows.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                name="site_live_has_numbers",
                condition=Q(is_live=False) | ~(Q(emergency_number="") | Q(crisis_line="")),
                violation_error_message="A live site needs an emergency number and a crisis line.",
            ),
            models.CheckConstraint(name="site_reference_known", condition=Q(reference_kind__in=ReferenceKind.values)),
        )

    def __str__(self) -> str:
        return self.name


class SiteKey(UnderRing):
    """What the words to search by are hashed with at a site."""

    site = models.OneToOneField(Site, on_delete=models.PROTECT, primary_key=True, related_name="+")

    def __str__(self) -> str:
        return f"Key of {self.site}"


class UserManager(BaseUserManager["User"]):
    """Finds users for log-in; users are added by the action `people.add`."""

    def get_queryset(self) -> AuditedQuerySet[User]:
        return AuditedQuerySet(self.model, using=self._db)


class User(EditedRecord, AbstractBaseUser):  # type: ignore[django-manager-missing]  # of knox, untyped
    """Somebody who works with the product, or the system itself.

    Neither Django's groups and permissions nor its superuser are used: they are many-to-many
    rows without a history, and a way round the one table in `clinic.permissions`.
    """

    username = Line(max_length=150, unique=True, validators=[UnicodeUsernameValidator()])
    display_name = Line(max_length=150)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True, help_text="Users are deactivated, never deleted.")
    chose_password = models.BooleanField(
        default=False, editable=False, help_text="The person gave themselves the present password."
    )
    second_factor_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the present second factor was set up; empty without one."
    )
    # A log-in is an entry of the audit trail; a column for it would be changed without a history.
    last_login = None
    emergency: BreakGlass | None = None  # what lets the present request show a patient of another site
    scope: str | None = None  # what the token of the present request is limited to; none for the person themselves

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"

    history = history(excluded=("password",))
    objects = UserManager()

    class Meta:
        ordering = ("username",)

    def __str__(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name

    @cached_property
    def roles(self) -> Mapping[UUID, frozenset[Role]]:
        """What the person is at each site, read once for each loaded user."""
        roles: defaultdict[UUID, set[Role]] = defaultdict(set)
        for site, role in self.memberships.filter(is_active=True).order_by().values_list("site", "role"):
            roles[site].add(Role(role))
        return {site: frozenset(held) for site, held in roles.items()}

    @cached_property
    def sites(self) -> list[Site]:
        """Where the person has a role, read once for each loaded user."""
        return list(Site.objects.filter(pk__in=self.roles))

    @property
    def home(self) -> Site | None:
        """The first site of the person: by its clocks they are shown what is of no one site."""
        return next(iter(self.sites), None)

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is the password; a hash of an older kind is renewed when the person logs in."""
        return check_password(raw_password, self.password)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session rests on: when password or second factor change, every session of before has ended."""
        since = self.second_factor_since
        rests_on = f"{self.password}{since.timestamp() if since else ''}"
        return salted_hmac("clinic.User.session", rests_on, secret=secret, algorithm="sha256").hexdigest()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Never: what a person may do is asked of `clinic.permissions`."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


class Membership(EditedRecord):
    """What one person is at one site; ended by `is_active`, so that its history stays."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    is_active = models.BooleanField(default=True)

    history = history()
    objects = AuditedQuerySet["Membership"].as_manager()

    class Meta:
        ordering = ("site", "user", "role")
        constraints = (
            models.UniqueConstraint(fields=("user", "site", "role"), name="membership_once"),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=Role.values)),
        )

    def __str__(self) -> str:
        return f"{self.user}, {Role(self.role).label} at {self.site}"
