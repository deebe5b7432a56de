"""What a fresh assessment says otherwise than the one before it, told on both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import spoken
from clinic.actions import intakes, work
from clinic.actions.answers import AGE, SEX
from clinic.models import Assessment, Decision
from clinic.web import answers
from clinic.web.outcomes import STATES
from clinic.web.wording import DISPOSITIONS, URGENCIES
from triage.changes import changes
from triage.protocol import Disposition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.models import QuerySet

    from clinic.models import Referral, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The other assessment, why there is one, and the differences in words."""

    other: Assessment
    url: str
    why: str
    lines: list[str]


def since_before(assessment: Assessment, user: User) -> Change | None:
    """What changed since the assessment that was last completed or decided on, if there was one before this."""
    earlier = _notable(assessment, user).filter(version__lt=assessment.version).order_by("-version").first()
    return _change(earlier, assessment, earlier) if earlier else None


def since_then(assessment: Assessment, user: User) -> Change | None:
    """What the newest assessment says otherwise than this one, where this one was acted upon."""
    if not _notable(assessment, user).filter(pk=assessment.pk).exists():
        return None
    newest = Assessment.objects.visible_to(user).newest().filter(intake=assessment.intake_id).first()
    if newest is None or newest.pk == assessment.pk:
        return None
    return _change(assessment, newest, newest)


def _notable(assessment: Assessment, user: User) -> QuerySet[Assessment]:
    """The assessments of the intake that somebody acted upon: decided, or completed with."""
    rows = Assessment.objects.visible_to(user).filter(intake=assessment.intake_id)
    decided = Decision.objects.visible_to(user).filter(assessment__intake=assessment.intake_id).values("assessment")
    completed = assessment.intake.history.filter(status="completed").values_list("version", flat=True)
    return rows.filter(pk__in=decided) | rows.filter(version__in=list(completed))


def since_sent(referral: Referral, newest: Assessment, user: User) -> Change | None:
    """What the newest assessment says otherwise than the one that the referral rests on, where it is overtaken.

    Whoever follows referrals is told that it is; what has changed, only whoever may see results.
    """
    if not work.is_overtaken(referral, newest):
        return None
    change = _change(referral.assessment, newest, newest)
    sees = Assessment.objects.visible_to(user).filter(pk=newest.pk).exists()
    return change if sees else replace(change, url="", lines=[])


def _change(before: Assessment, after: Assessment, other: Assessment) -> Change:
    found = changes(spoken.outcome(before.outcome), spoken.outcome(after.outcome))
    return Change(
        other=other,
        url=reverse("assessment", args=[other.pk]),
        why=_why(after),
        lines=[*_facts(before, after), *_lines(found)] or [_("Nothing that is advised has changed.")],
    )


def _why(after: Assessment) -> str:
    """What brought the later assessment about."""
    event = after.study_events.first()
    if event is not None:
        return _("Imaging: %(step)s") % {"step": event.get_step_display()}
    if after.intake.history.filter(version=after.version, history_change_reason=intakes.CORRECTED).exists():
        return _("The record of the patient was corrected")
    return _("Answers were changed or asked again")


def _facts(before: Assessment, after: Assessment) -> Iterator[str]:
    """What the two took from the record of the patient, where it differs."""
    protocol = spoken.protocol(after.release)
    for name, title in ((AGE, _("Age")), (SEX, _("Sex"))):
        used = [each.answers.get(name, {}).get("value") for each in (after, before)]
        if used[0] != used[1] and name in protocol.questions:
            now, then = (answers.in_words(protocol.questions[name], each, on=after.on) for each in used)
            yield _("%(title)s: %(after)s, before: %(before)s") % {"title": title, "after": now, "before": then}


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    if "disposition" in found:
        before, after = (str(DISPOSITIONS[Disposition(each)]) for each in found["disposition"])
        yield _("Outcome: %(after)s, before: %(before)s") % {"after": after, "before": before}
    if "urgency" in found:
        before, after = (str(URGENCIES[each]) for each in found["urgency"])
        yield _("How soon: %(after)s, before: %(before)s") % {"after": after, "before": before}
    if "exclusion" in found:
        yield _("Exclusion level: %(after)s, before: %(before)s") % dict(
            zip(("before", "after"), found["exclusion"], strict=True)
        )
    for name, title in (("referrals", "title"), ("actions", "text")):
        for each in found.get(name, {}).get("added", ()):
            yield _("New: %(what)s") % {"what": each[title]}
        for each in found.get(name, {}).get("removed", ()):
            yield _("No longer: %(what)s") % {"what": each[title]}
    for each in found.get("findings", ()):
        states = {"title": each["title"], "before": STATES[each["before"]], "after": STATES[each["after"]]}
        yield _("%(title)s: %(after)s, before: %(before)s") % states
