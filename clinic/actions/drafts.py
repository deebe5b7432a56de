"""Keep what somebody has typed into a section, until it is saved or thrown away. None of it is an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import clock, permissions
from clinic.actions import patients
from clinic.actions.errors import Conflict
from clinic.models import Draft
from clinic.permissions import Capability

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clinic.models import Intake, User


@transaction.atomic
def keep(*, intake: Intake, section: str, version: int, fields: Mapping[str, list[str]], by: User) -> None:
    """In the place of what the person had typed there before."""
    permissions.require(by, Capability.ANSWER, intake.site)
    patients.require_known(intake.patient)
    if not intake.is_open:
        raise Conflict(_("This intake is %(status)s.") % {"status": intake.get_status_display().lower()})
    found = Draft.objects.select_for_update().filter(intake=intake, by=by, section=section).first()
    draft = found or Draft(intake=intake, patient=intake.patient, by=by, section=section)
    draft.version, draft.form, draft.at = version, json.dumps(dict(fields)), clock.now()
    draft.save()


def of_section(intake: Intake, section: str, by: User) -> Draft | None:
    """What the person has typed there."""
    return Draft.objects.filter(intake=intake, by=by, section=section).select_related("patient__kept_key").first()


def discard(*, intake: Intake, section: str, by: User) -> None:
    """Because it is saved, or not wanted."""
    Draft.objects.filter(intake=intake, by=by, section=section).delete()
