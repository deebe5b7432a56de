"""The records of the clinic."""

from clinic.models.access import ApiToken, IdempotencyKey, SecondFactor, Use
from clinic.models.assessment import AT_ONCE, Assessment, Decision, DecisionKind, ReasonCode, StopRecord
from clinic.models.audit import AuditEvent, AuditHead, Checkpoint, Door
from clinic.models.base import Unaudited
from clinic.models.break_glass import BreakGlass, EmergencyReason, Ending, Finding
from clinic.models.draft import Draft
from clinic.models.governance import Activation, Certificate, LoweringWaiver, ReleaseComparison, SourceWaiver
from clinic.models.imaging import StudyEvent, StudyStep
from clinic.models.intake import Intake, IntakeStatus
from clinic.models.letter import Letter, LetterKind
from clinic.models.outbox import Delivery, MessageKind, OutboxMessage, Webhook, WebhookSecret
from clinic.models.patient import Patient, PatientKey, PatientWord, Sex
from clinic.models.people import Membership, Site, SiteKey, User
from clinic.models.protocol import ProtocolRelease, ReleaseStatus
from clinic.models.raised import RaisedStop, TakenBack
from clinic.models.referral import ENDED, GONE_OUT, LIVE, Referral, ReferralStatus, Stage
from clinic.models.replay import Replay, ReplayCase
from clinic.models.work import DayCount, Escalation, Lateness, MonthCount, Work, WorkItem

__all__ = [
    "AT_ONCE",
    "ENDED",
    "GONE_OUT",
    "LIVE",
    "Activation",
    "ApiToken",
    "Assessment",
    "AuditEvent",
    "AuditHead",
    "BreakGlass",
    "Certificate",
    "Checkpoint",
    "DayCount",
    "Decision",
    "DecisionKind",
    "Delivery",
    "Door",
    "Draft",
    "EmergencyReason",
    "Ending",
    "Escalation",
    "Finding",
    "IdempotencyKey",
    "Intake",
    "IntakeStatus",
    "Lateness",
    "Letter",
    "LetterKind",
    "LoweringWaiver",
    "Membership",
    "MessageKind",
    "MonthCount",
    "OutboxMessage",
    "Patient",
    "PatientKey",
    "PatientWord",
    "ProtocolRelease",
    "RaisedStop",
    "ReasonCode",
    "Referral",
    "ReferralStatus",
    "ReleaseComparison",
    "ReleaseStatus",
    "Replay",
    "ReplayCase",
    "SecondFactor",
    "Sex",
    "Site",
    "SiteKey",
    "SourceWaiver",
    "Stage",
    "StopRecord",
    "StudyEvent",
    "StudyStep",
    "TakenBack",
    "Unaudited",
    "Use",
    "User",
    "Webhook",
    "WebhookSecret",
    "Work",
    "WorkItem",
]
