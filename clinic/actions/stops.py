"""Record what was done about an outcome that could not wait."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import permissions
from clinic.actions import audit, patients, work
from clinic.actions.errors import Conflict
from clinic.models import AT_ONCE, Assessment, Intake, StopRecord, User
from clinic.permissions import Capability


@transaction.atomic
def record(*, assessment: Assessment, text: str, by: User) -> StopRecord:
    """Add to the record who did what; it may be added to as often as there is something to say."""
    permissions.require(by, Capability.RECORD_STOP, assessment.site)
    patients.hold_known(assessment.intake.patient)
    intake = Intake.objects.locked().get(pk=assessment.intake_id)
    if assessment.urgency not in AT_ONCE:
        raise Conflict(_("This outcome asks for nothing to be done today."))
    done = StopRecord.objects.create(assessment=assessment, site=assessment.site, text=text, by=by)
    work.settle(intake)
    audit.record(
        action="assessment.stop",
        by=by,
        site=assessment.site,
        obj=assessment,
        subject=intake.patient,
        detail={"stop_record": str(done.pk)},
    )
    return done
