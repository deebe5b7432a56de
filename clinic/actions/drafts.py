"""Keep what somebody has typed into a section, until it is saved or thrown away. None of it is an answer.

`pages` are the renderings of the form whose fields the person has before them, the present one first: what was
typed on yet another one, in another tab, stays.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import permissions
from clinic.actions import patients
from clinic.actions.errors import Conflict
from clinic.models import Draft, Intake
from clinic.permissions import Capability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clinic.models import User
    from clinic.models.draft import DraftRows, Typed


@transaction.atomic
def keep(*, intake: Intake, section: str, pages: Sequence[str], version: int, typed: Typed, by: User) -> bool:
    """In the place of what these pages had; nothing, and False, where the page was saved or thrown away meanwhile."""
    held, rows = _hold(intake, section, by)
    if not held.is_open:
        raise Conflict(_("This intake is %(status)s.") % {"status": held.get_status_display().lower()})
    if rows.filter(page=pages[0], is_gone=True).exists():
        return False
    earlier = rows.live().filter(page__in=pages)
    # What has changed since the first of it was typed is to be seen until it is saved.
    since = min([version, *earlier.values_list("version", flat=True)])
    earlier.delete()
    if typed:
        draft = Draft(intake=held, patient=held.patient, by=by, section=section, page=pages[0], version=since)
        draft.form = json.dumps(typed)
        draft.save()
    return True


@transaction.atomic
def end(*, intake: Intake, section: str, pages: Sequence[str], by: User) -> None:
    """It is saved, or not wanted."""
    held, rows = _hold(intake, section, by)
    rows.filter(page__in=pages).delete()
    for page in pages[:1]:
        Draft.objects.create(
            intake=held, patient=held.patient, by=by, section=section, page=page, version=held.version, is_gone=True
        )


def live(intake: Intake, section: str, by: User) -> list[Draft]:
    """What the person has typed there, the oldest first."""
    rows = Draft.objects.live().filter(intake=intake, by=by, section=section)
    return list(rows.select_related("patient__kept_key"))


def _hold(intake: Intake, section: str, by: User) -> tuple[Intake, DraftRows]:
    """Whoever writes one holds the intake, so that they come one by one."""
    permissions.require(by, Capability.ANSWER, intake.site)
    held = Intake.objects.locked().get(pk=intake.pk)
    patients.require_known(held.patient)
    return held, Draft.objects.filter(intake=held, by=by, section=section)
