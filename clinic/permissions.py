"""Who may do what: one table, and the only questions that are asked of it.

There is no role above the table. Whoever looks after the installation sees no patient by it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from triage.facts import AnswerFault


class Role(models.TextChoices):
    """What a person is at one site."""

    CLERK = "clerk", _("Clerk")
    CLINICIAN = "clinician", _("Clinician")
    AUTHOR = "author", _("Protocol author")
    APPROVER = "approver", _("Protocol approver")
    AUDITOR = "auditor", _("Auditor")
    INTEGRATOR = "integrator", _("Integrator")
    ADMIN = "admin", _("Administrator")


class Capability(StrEnum):
    """Something that may be done at a site; the words complete "You may not ..."."""

    READ_PATIENT = "see patients and their intakes"
    EDIT_PATIENT = "register or correct patients"
    ANSWER = "open or answer intakes"
    EXAMINE = "answer what only a clinician can answer, or settle a conflict of answers"
    READ_DRAFT = "see assessments of open intakes"
    READ_ASSESSMENT = "see assessments and decisions"
    RECORD_STOP = "record what was done about an urgent outcome"
    READ_REFERRAL = "see referrals"
    FOLLOW_REFERRAL = "record what became of a referral"
    PROPOSE = "propose referrals"
    DECIDE = "decide on an assessment or accept a referral"
    WRITE_PROTOCOL = "write protocols or prove them"
    PUBLISH_PROTOCOL = "approve, publish or retire a protocol"
    ACTIVATE_PROTOCOL = "choose which release of a protocol a site follows"
    READ_AUDIT = "read the audit trail"
    BREAK_GLASS = "open a record of another site in an emergency"
    REVIEW_BREAK_GLASS = "review emergency accesses"
    MANAGE_PEOPLE = "manage people, roles and tokens"
    MANAGE_SITE = "manage sites"
    MANAGE_WEBHOOKS = "manage webhooks"
    USE_ADMIN = "use the administration pages"


class Scope(models.TextChoices):
    """What a program may do at most with a token, whatever the person may for whom it acts."""

    READ = "read", _("Read")
    WRITE = "write", _("Read and write, but decide nothing")
    DECIDE = "decide", _("All that I may do for patients, decisions too: a client of my own")


_READING = frozenset(
    {Capability.READ_PATIENT, Capability.READ_DRAFT, Capability.READ_ASSESSMENT, Capability.READ_REFERRAL}
)
_WRITING = _READING | {
    Capability.EDIT_PATIENT,
    Capability.ANSWER,
    Capability.FOLLOW_REFERRAL,
    Capability.PROPOSE,
    Capability.RECORD_STOP,
}
# An emergency access, the administration and protocols are in none: those are for people alone.
_SCOPES: Mapping[Scope, frozenset[Capability]] = {
    Scope.READ: _READING,
    Scope.WRITE: _WRITING,
    Scope.DECIDE: _WRITING | {Capability.EXAMINE, Capability.DECIDE},
}
_TABLE: Mapping[Role, frozenset[Capability]] = {
    Role.CLERK: frozenset(
        {
            Capability.READ_PATIENT,
            Capability.EDIT_PATIENT,
            Capability.ANSWER,
            Capability.READ_DRAFT,
            Capability.READ_REFERRAL,
            Capability.FOLLOW_REFERRAL,
            Capability.RECORD_STOP,
        }
    ),
    Role.CLINICIAN: frozenset(
        {
            Capability.READ_PATIENT,
            Capability.EDIT_PATIENT,
            Capability.ANSWER,
            Capability.EXAMINE,
            Capability.READ_DRAFT,
            Capability.READ_ASSESSMENT,
            Capability.READ_REFERRAL,
            Capability.FOLLOW_REFERRAL,
            Capability.RECORD_STOP,
            Capability.PROPOSE,
            Capability.DECIDE,
            Capability.BREAK_GLASS,
            Capability.USE_ADMIN,
        }
    ),
    Role.AUTHOR: frozenset({Capability.WRITE_PROTOCOL, Capability.USE_ADMIN}),
    Role.APPROVER: frozenset({Capability.PUBLISH_PROTOCOL, Capability.ACTIVATE_PROTOCOL, Capability.USE_ADMIN}),
    Role.AUDITOR: frozenset({Capability.READ_AUDIT, Capability.REVIEW_BREAK_GLASS, Capability.USE_ADMIN}),
    Role.INTEGRATOR: frozenset(
        {
            Capability.READ_PATIENT,
            Capability.EDIT_PATIENT,
            Capability.ANSWER,
            Capability.READ_DRAFT,
            Capability.READ_ASSESSMENT,
            Capability.READ_REFERRAL,
            Capability.FOLLOW_REFERRAL,
            Capability.PROPOSE,
        }
    ),
    Role.ADMIN: frozenset(
        {
            Capability.MANAGE_PEOPLE,
            Capability.MANAGE_SITE,
            Capability.MANAGE_WEBHOOKS,
            Capability.USE_ADMIN,
        }
    ),
}
# What an emergency access lets a clinician do beside the table: read one patient of another site, and nothing else.
_IN_EMERGENCY = frozenset({Capability.READ_PATIENT, Capability.READ_ASSESSMENT, Capability.READ_REFERRAL})


class Access(Protocol):
    """An emergency access, as far as permissions go."""

    patient_id: UUID


class Member(Protocol):
    """A person, as far as permissions go."""

    is_active: bool

    @property
    def roles(self) -> Mapping[UUID, frozenset[Role]]: ...

    @property
    def emergency(self) -> Access | None: ...

    @property
    def scope(self) -> str | None: ...


class Place(Protocol):
    """A site, as far as permissions go."""

    @property
    def pk(self) -> Any: ...


class NotAllowed(Exception):
    """The acting person may not do this here; `faults` name the answers that it is about, if any."""

    def __init__(self, capability: Capability, faults: Sequence[AnswerFault] = ()) -> None:
        super().__init__(f"You may not {capability} here.")
        self.capability = capability
        self.faults = tuple(faults)


def may(user: Member, capability: Capability, site: Place) -> bool:
    """Whether one of the person's roles at the site holds the capability."""
    return site.pk in sites_of(user, capability)


def may_somewhere(user: Member, capability: Capability) -> bool:
    """Whether the person holds the capability at any site: for what belongs to no site."""
    return bool(sites_of(user, capability))


def patient_opened_to(user: Member, capability: Capability) -> UUID | None:
    """The patient whom the present request shows under an emergency access, if the capability is part of that."""
    return user.emergency.patient_id if user.emergency and capability in _IN_EMERGENCY else None


def may_read(user: Member, capability: Capability, site: Place, patient: UUID) -> bool:
    """Whether a role at the site holds the capability, or an emergency access to this very patient does."""
    return may(user, capability, site) or patient_opened_to(user, capability) == patient


def require(user: Member, capability: Capability, site: Place) -> None:
    if not may(user, capability, site):
        raise NotAllowed(capability)


def require_somewhere(user: Member, capability: Capability) -> None:
    if not may_somewhere(user, capability):
        raise NotAllowed(capability)


def needs_second_factor(user: Member) -> bool:
    """Whether a password alone lets the person do too much: in any role, at any site, but a clerk's."""
    return any(role is not Role.CLERK for roles in user.roles.values() for role in roles)


def sites_of(user: Member, capability: Capability) -> frozenset[UUID]:
    """The ids of the sites at which the person holds the capability."""
    if not user.is_active or (user.scope and capability not in _SCOPES[Scope(user.scope)]):
        return frozenset()
    return frozenset(site for site, roles in user.roles.items() if any(capability in _TABLE[role] for role in roles))
