"""The records of the clinic."""

from clinic.models.access import ApiToken, IdempotencyKey
from clinic.models.assessment import Assessment, Decision, DecisionKind, ReasonCode, StopRecord
from clinic.models.audit import AuditEvent, AuditHead, Door
from clinic.models.base import Unaudited
from clinic.models.intake import Intake, IntakeStatus
from clinic.models.people import Membership, Patient, Sex, Site, User
from clinic.models.protocol import ProtocolRelease, ReleaseStatus
from clinic.models.referral import Referral, ReferralStatus, Stage

__all__ = [
    "ApiToken",
    "Assessment",
    "AuditEvent",
    "AuditHead",
    "Decision",
    "DecisionKind",
    "Door",
    "IdempotencyKey",
    "Intake",
    "IntakeStatus",
    "Membership",
    "Patient",
    "ProtocolRelease",
    "ReasonCode",
    "Referral",
    "ReferralStatus",
    "ReleaseStatus",
    "Sex",
    "Site",
    "Stage",
    "StopRecord",
    "Unaudited",
    "User",
]
