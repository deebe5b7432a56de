"""Which answers have grown too old to act upon. Pure: nothing is stored here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clinic import clock, protocols

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clinic.models import Assessment, Intake, Site


def stale_questions(intake: Intake, newest: Assessment) -> list[str]:
    """The answered safety questions that the protocol wants asked again before a referral is sent.

    What no longer applies to the patient cannot be asked again, and is not evaluated either.
    """
    protocol = protocols.get(intake.release)
    return [
        question.id
        for question in protocol.questions.values()
        if question.safety
        and question.id in intake.answers
        and question.id not in newest.outcome["ignored"]
        and is_old(intake.answers[question.id], protocol.fresh_days, intake.site)
    ]


def is_old(entry: Mapping[str, Any], fresh_days: int, site: Site) -> bool:
    """Whether a safety answer is too old to act upon."""
    return age(entry["at"], on=clock.today(site), site=site) > fresh_days


def age(at: str, *, on: date, site: Site) -> int:
    """Days of the site since an answer was given."""
    return (on - clock.day(clock.instant(at), site)).days
