"""Keep the list of what a site waits for in step with its records.

Every action that changes an intake or a referral settles what is waited for there, before its
entry in the trail. `rebuild` makes the whole list anew: from the same records it is the same.
"""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from clinic import clock
from clinic.actions import raised
from clinic.models import (
    AT_ONCE,
    ENDED,
    GONE_OUT,
    Assessment,
    Decision,
    Escalation,
    Intake,
    IntakeStatus,
    Lateness,
    Referral,
    Stage,
    StopRecord,
    Work,
    WorkItem,
)
from triage.changes import same_advice, urgent_reasons
from triage.protocol import Disposition, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from clinic.models import RaisedStop

REPORT_DAYS = 14  # evidence B, A19: a pending report is chased at 2 weeks ...
REPORT_ESCALATED = 42  # ... and goes to medical review at 6
_PENDING = ("requested", "awaiting_report", "report_unavailable")
_AT_ONCE = {Urgency.NOW: 0, Urgency.SAME_DAY: 24}  # in so many hours

Item = dict[str, Any]
Deadline = tuple[Any, ...]  # of which referral or study, for what, until when


def settle(intake: Intake, newest: Assessment | None = None) -> None:
    """Bring what is waited for about an intake and its referrals up to date.

    `newest` is its newest assessment, where that is at hand.
    """
    newest = newest or Assessment.objects.newest().get(intake=intake)
    wanted = [*_of_intake(intake, newest, raised.standing(intake)), *_of_referrals(intake, newest)]
    _store(intake, WorkItem.objects.filter(intake=intake), wanted, acted=_acted_on(intake))


def settle_answered(intake: Intake, newest: Assessment) -> None:
    """The same where answers were given, and nothing else was done: no referral moved, and no deadline was acted on.

    An intake that was never completed has led to no referral yet.
    """
    if intake.reopen_reason:
        settle(intake, newest)
        return
    rows = list(WorkItem.objects.filter(intake=intake, referral=None))
    may_stand = any(row.kind in (Work.STOP, Work.RAISED) for row in rows)  # whatever raises one settles everything
    _store(intake, rows, list(_of_intake(intake, newest, raised.standing(intake) if may_stand else [])))


def rebuild() -> int:
    """Make the list anew from the records; how many intakes were gone through."""
    number = 0
    for intake in Intake.objects.with_context().order_by("pk").iterator():
        settle(intake)
        number += 1
    return number


def _store(
    intake: Intake, rows: Iterable[WorkItem], wanted: Sequence[Item], *, acted: Mapping[Deadline, int] | None = None
) -> None:
    """Write what has changed, row by row: a row that stays as it is costs nothing.

    `acted` is how far the lateness of each deadline has gone; without it a row knows that of the deadline that it has.
    """
    present = {(row.referral_id, row.study): row for row in rows}
    if acted is None:
        known = {(row.referral_id, row.study, row.kind, row.due): row.chased for row in present.values()}
        acted = known if known.keys() >= set(map(_deadline, wanted)) else _acted_on(intake)
    for item in wanted:
        row = present.pop((item.get("referral_id"), item.get("study", 0)), None)
        _write(intake, row, item | {"chased": acted.get(_deadline(item), Lateness.ON_TIME)})
    if present:
        WorkItem.objects.filter(pk__in=[row.pk for row in present.values()]).delete()


def _write(intake: Intake, row: WorkItem | None, item: Item) -> None:
    if item["chased"] == Lateness.ESCALATED and item["kind"] == Work.REPORT:
        item["rank"] = max(item["rank"], Disposition.MEDICAL_REVIEW.rank)
    if row is None:
        WorkItem.objects.create(intake=intake, site=intake.site, patient_id=intake.patient_id, **item)
        return
    changed = [name for name, value in item.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, item[name])
    if changed:
        row.save(update_fields=changed)


def _acted_on(intake: Intake) -> dict[Deadline, int]:
    """How far the lateness of each deadline has gone."""
    rows = Escalation.objects.filter(intake=intake).order_by()
    levels = sorted(rows.values_list("level", "referral", "study", "kind", "due"), key=itemgetter(0))
    return {tuple(deadline): level for level, *deadline in levels}


def _deadline(item: Item) -> Deadline:
    return item.get("referral_id"), item.get("study", 0), item["kind"], item["due"]


def _of_intake(intake: Intake, newest: Assessment, unsaved: Sequence[RaisedStop]) -> Iterator[Item]:
    step = _unsaved_stop(newest, unsaved) or _step(intake, newest)
    if step:
        disposition = step.setdefault("disposition", newest.disposition)
        yield {"rank": Disposition(disposition).rank, "open_questions": 0, **step}
    if intake.status == IntakeStatus.COMPLETED:
        yield from _of_studies(intake, newest)


def _unsaved_stop(newest: Assessment, unsaved: Sequence[RaisedStop]) -> Item | None:
    """What was ticked and not saved; a saved stop that is as urgent and still open goes first."""
    first = min(unsaved, key=lambda each: AT_ONCE.index(Urgency(each.urgency)), default=None)  # they come by age
    if first is None or (_is_open_stop(newest) and AT_ONCE.index(newest.urgency) <= AT_ONCE.index(first.urgency)):
        return None
    return {
        "kind": Work.RAISED,
        "disposition": first.disposition,
        "since": first.at,
        "due": clock.in_hours(first.at, _AT_ONCE[Urgency(first.urgency)]),
        "owner_id": first.by_id,
    }


def _step(intake: Intake, newest: Assessment) -> Item | None:
    """What is to be done next about the intake itself; the most urgent thing first, of a cancelled one that alone."""
    if _is_open_stop(newest):
        since = _since_stop(newest)
        return {
            "kind": Work.STOP,
            "since": since,
            "due": clock.in_hours(since, _AT_ONCE[Urgency(newest.urgency)]),
            "owner_id": newest.by_id,
        }
    if intake.status == IntakeStatus.CANCELLED:
        return None
    if intake.is_open:
        return {
            "kind": Work.ANSWERS,
            "since": intake.opened_at,
            "due": clock.in_days(intake.opened_at, intake.site.days_to_complete, intake.site),
            "owner_id": intake.opened_by_id,
            "open_questions": len(newest.outcome["outstanding"]),
        }
    if is_decided(newest):
        return None
    since = max(filter(None, (intake.completed_at, newest.at)))
    owner = intake.completed_by_id or newest.by_id
    return {"kind": Work.DECISION, "since": since, "due": _decide_by(intake, newest, since), "owner_id": owner}


def _decide_by(intake: Intake, newest: Assessment, since: datetime) -> datetime:
    hours = _AT_ONCE.get(Urgency(newest.urgency))
    if hours is not None:
        return clock.in_hours(since, hours)
    return clock.in_days(since, intake.site.days_to_decide, intake.site)


def is_decided(newest: Assessment) -> bool:
    """Whether a clinician has decided on this advice: on this assessment, or on an earlier one that gave the same."""
    return Decision.objects.standing(newest) is not None


def _is_open_stop(newest: Assessment) -> bool:
    return newest.urgency in _AT_ONCE and not _stop_is_recorded(newest)


def _stop_is_recorded(newest: Assessment) -> bool:
    """Whether something was recorded about every reason for which it cannot wait."""
    return StopRecord.objects.filter(assessment__intake=newest.intake_id).exists() and not _unrecorded(newest)


def _unrecorded(newest: Assessment) -> frozenset[str]:
    records = StopRecord.objects.filter(assessment__intake=newest.intake_id).select_related("assessment")
    return urgent_reasons(newest.outcome).difference(*(urgent_reasons(each.assessment.outcome) for each in records))


def _since_stop(newest: Assessment) -> datetime:
    """When the first of the reasons was seen of which nothing is recorded."""
    reasons = _unrecorded(newest)
    return _since(newest, lambda outcome: bool(urgent_reasons(outcome) & reasons))


def _since(newest: Assessment, holds: Callable[[Mapping[str, Any]], bool]) -> datetime:
    """Since when something has held of every outcome up to the newest one."""
    earlier = newest.intake.assessments.order_by("-version").values_list("at", "outcome")
    since = newest.at
    for at, outcome in earlier.iterator():
        if not holds(outcome):
            break
        since = at
    return since


def _of_studies(intake: Intake, newest: Assessment) -> Iterator[Item]:
    """Reports that are waited for, and those that no clinician has classed."""
    for number, study in enumerate(studies_of(intake), start=1):
        kind = waits_for(study)
        if kind is None:
            continue
        since = _since_study(intake, number, study)
        days = REPORT_DAYS if kind is Work.REPORT else intake.site.days_to_decide
        yield {
            "kind": kind,
            "study": number,
            "disposition": newest.disposition,
            "rank": Disposition(newest.disposition).rank,
            "since": since,
            "due": clock.in_days(since, days, intake.site),
            "owner_id": intake.completed_by_id,
        }


def studies_of(intake: Intake) -> list[dict[str, Any]]:
    """The imaging studies that the intake's answers list; none where it was not asked or not known."""
    value = intake.answers.get("imaging", {}).get("value")
    return value if isinstance(value, list) else []


def waits_for(study: dict[str, Any]) -> Work | None:
    """What a study still needs: its report, or a clinician's class."""
    if study["status"] in _PENDING:
        return Work.REPORT
    return Work.CLASS if study["status"] == "reported" and "class" not in study else None


def _since_study(intake: Intake, number: int, study: dict[str, Any]) -> datetime:
    """Since when the study stands as it does: the first of the newest assessments that say the same."""
    since = intake.opened_at
    rows = intake.assessments.order_by("-version").values_list("at", "answers")
    for at, answers in rows.iterator():
        value = answers.get("imaging", {}).get("value")
        then = value[number - 1] if isinstance(value, list) and len(value) >= number else None
        if then is None or waits_for(then) != waits_for(study):
            break
        since = at
    return since


def is_overtaken(referral: Referral, newest: Assessment) -> bool:
    """Whether the newest advice is another one, and no clinician has decided on it that the patient goes there all the same.

    While the answers are asked afresh nothing is known against what has gone out already.
    """
    if newest.pk == referral.assessment_id or same_advice(referral.assessment.outcome, newest.outcome):
        return False
    if newest.disposition == Disposition.INCOMPLETE:
        return referral.status not in GONE_OUT
    decision = Decision.objects.standing(newest)
    return decision is None or referral.service not in decision.services


def _of_referrals(intake: Intake, newest: Assessment) -> Iterator[Item]:
    rows = Referral.objects.filter(assessment__intake=intake).select_related("assessment").prefetch_related("statuses")
    wanted = rows.only("service", "created_at", "created_by", "assessment__disposition").order_by()
    for referral in sorted(wanted, key=attrgetter("created_at", "pk"), reverse=True):
        step = referral.newest_step
        if step.status in ENDED:
            continue
        item = {
            "kind": Work.REFERRAL,
            "referral_id": referral.pk,
            "stage": step.status,
            "service": referral.service,
            "disposition": referral.assessment.disposition,
            "rank": Disposition(referral.assessment.disposition).rank,
            "since": step.at,
            "due": step.due,
            "owner_id": _responsible(referral),
        }
        yield item | (_overtaken(intake, referral, newest) if is_overtaken(referral, newest) else {})


def _overtaken(intake: Intake, referral: Referral, newest: Assessment) -> Item:
    """What is waited for instead of the next step: a clinician's decision on advice that has left the referral behind."""
    since = _since(newest, lambda outcome: not same_advice(referral.assessment.outcome, outcome))
    return {
        "kind": Work.OVERTAKEN,
        "disposition": newest.disposition,
        "rank": max(Disposition(each.disposition).rank for each in (newest, referral.assessment)),
        "since": since,
        "due": _decide_by(intake, newest, since),
    }


def _responsible(referral: Referral) -> UUID:
    """The clinician who accepted it last, or whoever proposed it."""
    accepted = [each for each in referral.statuses.all() if each.status == Stage.ACCEPTED]
    return max(accepted, key=lambda each: each.seq).by_id if accepted else referral.created_by_id
