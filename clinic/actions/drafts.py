"""Keep what somebody has typed into a section, until it is saved or thrown away. None of it is an answer.

What would be an emergency if it were one is raised at once.

`pages` are the renderings of the form whose fields the person has before them, the present one first: what was
typed on yet another one, in another tab, stays. Whoever writes one holds the intake, so that they come one by one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db import transaction

from clinic.actions import intakes, raising
from clinic.models import Draft

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clinic.models import Intake, User
    from clinic.models.draft import DraftRows, Typed


@transaction.atomic
def keep(
    *,
    intake: Intake,
    section: str,
    pages: Sequence[str],
    version: int,
    typed: Typed,
    answers: Mapping[str, object],
    by: User,
) -> bool:
    """In the place of what these pages had; nothing, and False, where the page was saved or thrown away meanwhile.

    `answers` is what the person has typed and not saved, in this section and in others.
    """
    intakes.hold_open(intake, by)
    rows = _of(intake, section, by)
    if rows.filter(page=pages[0], is_gone=True).exists():
        return False
    earlier = rows.live().filter(page__in=pages)
    # What has changed since the first of it was typed is to be seen until it is saved.
    since = min([version, *earlier.values_list("version", flat=True)])
    earlier.delete()
    if typed:
        draft = Draft(intake=intake, patient=intake.patient, by=by, section=section, page=pages[0], version=since)
        draft.form = json.dumps(typed)
        draft.save()
    raising.raise_typed(intake=intake, answers=answers, by=by)
    return True


@transaction.atomic
def end(*, intake: Intake, section: str, pages: Sequence[str], by: User) -> None:
    """It is saved, or not wanted."""
    intakes.hold(intake, by)
    _of(intake, section, by).filter(page__in=pages).delete()
    for page in pages[:1]:
        Draft.objects.create(
            intake=intake,
            patient=intake.patient,
            by=by,
            section=section,
            page=page,
            version=intake.version,
            is_gone=True,
        )


def live(intake: Intake, section: str, by: User) -> list[Draft]:
    """What the person has typed there, the oldest first."""
    return list(_of(intake, section, by).live().select_related("patient__kept_key"))


def elsewhere(intake: Intake, section: str, pages: Sequence[str], by: User) -> list[Draft]:
    """What the person has typed in the intake besides what these pages hold, the oldest first."""
    rows = Draft.objects.live().filter(intake=intake, by=by).exclude(section=section, page__in=pages)
    return list(rows.select_related("patient__kept_key"))


def _of(intake: Intake, section: str, by: User) -> DraftRows:
    return Draft.objects.filter(intake=intake, by=by, section=section)
