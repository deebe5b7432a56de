"""The administration pages: people, sites and tokens to look after; everything else to read."""

from clinic.admin.audit import AuditEventAdmin
from clinic.admin.break_glass import BreakGlassAdmin
from clinic.admin.deliveries import DeliveryAdmin
from clinic.admin.people import MembershipAdmin, UserAdmin
from clinic.admin.protocols import ProtocolReleaseAdmin
from clinic.admin.records import (
    AssessmentAdmin,
    DecisionAdmin,
    EscalationAdmin,
    IntakeAdmin,
    LetterAdmin,
    PatientAdmin,
    RaisedStopAdmin,
    ReferralAdmin,
    StopRecordAdmin,
    StudyEventAdmin,
    TakenBackAdmin,
)
from clinic.admin.site import YellowflagAdmin
from clinic.admin.sites import SiteAdmin
from clinic.admin.tokens import ApiTokenAdmin
from clinic.admin.webhooks import WebhookAdmin
from clinic.models import (
    ApiToken,
    Assessment,
    AuditEvent,
    BreakGlass,
    Decision,
    Delivery,
    Escalation,
    Intake,
    Letter,
    Membership,
    Patient,
    ProtocolRelease,
    RaisedStop,
    Referral,
    Site,
    StopRecord,
    StudyEvent,
    TakenBack,
    User,
    Webhook,
)

__all__ = ["site"]

site = YellowflagAdmin(name="admin")
site.register(Site, SiteAdmin)
site.register(User, UserAdmin)
site.register(Membership, MembershipAdmin)
site.register(ApiToken, ApiTokenAdmin)
site.register(Webhook, WebhookAdmin)
site.register(Delivery, DeliveryAdmin)
site.register(Patient, PatientAdmin)
site.register(Intake, IntakeAdmin)
site.register(Assessment, AssessmentAdmin)
site.register(Decision, DecisionAdmin)
site.register(StopRecord, StopRecordAdmin)
site.register(RaisedStop, RaisedStopAdmin)
site.register(TakenBack, TakenBackAdmin)
site.register(Referral, ReferralAdmin)
site.register(Letter, LetterAdmin)
site.register(StudyEvent, StudyEventAdmin)
site.register(Escalation, EscalationAdmin)
site.register(ProtocolRelease, ProtocolReleaseAdmin)
site.register(AuditEvent, AuditEventAdmin)
site.register(BreakGlass, BreakGlassAdmin)
