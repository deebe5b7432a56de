"""Which answers have grown too old to act upon. Pure: nothing is stored here."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from clinic import clock, protocols

if TYPE_CHECKING:
    from datetime import date

    from clinic.models import Assessment, Intake


def stale_questions(intake: Intake, newest: Assessment) -> list[str]:
    """The answered safety questions that the protocol wants asked again before a referral is sent.

    What no longer applies to the patient cannot be asked again, and is not evaluated either.
    """
    protocol, today = protocols.get(intake.release), clock.today()
    return [
        question.id
        for question in protocol.questions.values()
        if question.safety
        and question.id in intake.answers
        and question.id not in newest.outcome["ignored"]
        and age(intake.answers[question.id]["at"], on=today) > protocol.fresh_days
    ]


def age(at: str, *, on: date) -> int:
    """Whole days since an answer was given."""
    return (on - datetime.fromisoformat(at).date()).days
