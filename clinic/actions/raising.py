"""What is ticked and cannot wait is raised before it is saved; then it is saved, or taken back with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import clock, protocols
from clinic.actions import audit, intakes, raised, work
from clinic.actions.answers import AGE, no_less_severe
from clinic.actions.errors import Conflict
from clinic.models import AT_ONCE, Draft, RaisedStop, TakenBack
from triage.changes import more_urgent
from triage.facts import AnswerErrors, check_fitting
from triage.outcome import decide_stored as outcome_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from clinic.actions.answers import Entry
    from clinic.models import Assessment, Intake, User
    from triage.protocol import Protocol

    Outcome = dict[str, Any]


# Of the outcome; the rest would tell of answers that nobody else is to see.
_KEPT = ("disposition", "title", "headline", "because", "actions", "referrals")


@transaction.atomic
def raise_typed(*, intake: Intake, answers: Mapping[str, object], by: User) -> RaisedStop | None:
    """Raise what these answers would raise if they were saved, and what this person has not raised already."""
    intakes.hold_open(intake, by)
    reading = _Reading(intake)
    typed = reading.entries(answers)
    if not typed:
        return None
    found = reading.raised_by(typed, known=[*_stored_reasons(intake), *_reasons_of(intake, by)])
    return _raise(intake, *found, by=by) if found else None


@transaction.atomic
def confirm(*, intake: Intake, stops: Collection[str], by: User) -> Assessment:
    """Save the answers of those of these ids that stand, also where the intake has ended meanwhile."""
    intakes.hold(intake, by)
    questions = protocols.get(intake.release).questions
    answers: dict[str, Entry] = {}
    for each in (stop for stop in raised.standing(intake) if str(stop.pk) in stops):
        answers |= no_less_severe(questions, {**intake.answers, **answers}, each.answers)
    return intakes.add(intake, answers, by=by)


@transaction.atomic
def take_back(*, stop: RaisedStop, reason: str, by: User) -> TakenBack:
    """Say why it is not so; said twice, the first reason stands."""
    intake = stop.intake
    intakes.hold(intake, by)
    if earlier := TakenBack.objects.filter(raised=stop).first():
        return earlier
    if stop not in raised.standing(intake):
        raise Conflict(_("This is saved by now: correct the answer instead."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why this is not so.")})
    done = TakenBack.objects.create(raised=stop, site=intake.site, reason=reason, by=by)
    if stop.by_id == by.pk:
        _untick(intake, stop.answers, by)
    work.settle(intake)
    _tell("intake.take_back_stop", intake, stop, by)
    return done


class _Reading:
    """The stored answers of an intake as they read today, and what typed ones would make of them."""

    def __init__(self, intake: Intake) -> None:
        self._on, self._now = clock.today(intake.site), clock.now().isoformat()
        self._protocol: Protocol = protocols.get(intake.release)
        self._stored = intakes.as_they_read(intake, self._protocol, on=self._on)

    def entries(self, answers: Mapping[str, object]) -> dict[str, Entry]:
        """What is an answer already, and no less severe than what is stored."""
        questions = self._protocol.questions
        _facts, unfit = check_fitting(questions, answers, on=self._on)
        typed = {
            name: {"value": value, "source": "staff", "at": self._now}
            for name, value in answers.items()
            if name in questions and name not in unfit and name != AGE
        }
        return no_less_severe(questions, self._stored, typed)

    def raised_by(
        self, typed: Mapping[str, Entry], *, known: Iterable[Outcome]
    ) -> tuple[dict[str, Entry], Outcome] | None:
        """The answers that are read by the new reasons, and the outcome with these; None where nothing is new."""
        before = {"because": list(known)}
        safety = {name: entry for name, entry in typed.items() if self._protocol.questions[name].safety}
        tried = [self._with(some, before) for some in ((typed, safety) if safety else (typed,)) if some]
        best = max(tried, key=_urgency)
        read = self._read_by(best["because"])
        involved = {name: entry for name, entry in typed.items() if name in read}
        if not best["because"] or not involved:
            return None
        alone = self._with(involved, before)
        return (involved, alone) if _urgency(alone) >= _urgency(best) else (dict(typed), best)

    def _with(self, typed: Mapping[str, Entry], before: Outcome) -> Outcome:
        """The outcome with these answers, of its reasons those that are new and cannot wait: flags, or else the rule."""
        try:
            outcome = outcome_of(self._protocol, {**self._stored, **typed}, on=self._on)
        except AnswerErrors:  # each is an answer, and together they are none
            return {"because": [], "urgency": ""}
        new = more_urgent(before, outcome) if outcome["urgency"] in AT_ONCE else []
        flags = [each for each in new if each["kind"] == "flag"]
        return outcome | {"because": flags or new}

    def _read_by(self, because: Sequence[Outcome]) -> set[str]:
        return {name for each in because for name in self._protocol.read_by.get(f"{each['kind']}:{each['id']}", ())}


def _urgency(outcome: Outcome) -> tuple[int, int]:
    """The sooner, and then the more reasons, the more urgent; nothing new is the least."""
    because = outcome["because"]
    return (-AT_ONCE.index(outcome["urgency"]) if because else -len(AT_ONCE), len(because))


def _stored_reasons(intake: Intake) -> list[Outcome]:
    because: list[Outcome] = intake.assessments.get(version=intake.version).outcome["because"]
    return because


def _reasons_of(intake: Intake, by: User) -> list[Outcome]:
    """What the person has raised and nobody has seen to."""
    return [each for stop in raised.standing(intake) if stop.by_id == by.pk for each in stop.outcome["because"]]


def _raise(intake: Intake, answers: dict[str, Entry], outcome: Outcome, *, by: User) -> RaisedStop:
    stop = RaisedStop.objects.create(
        intake=intake,
        site=intake.site,
        version=intake.version,
        answers=answers,
        outcome={name: outcome[name] for name in _KEPT},
        disposition=outcome["disposition"],
        urgency=outcome["urgency"],
        by=by,
    )
    work.settle(intake)
    _tell("intake.raise_stop", intake, stop, by)
    return stop


def _untick(intake: Intake, answers: Mapping[str, Entry], by: User) -> None:
    """What the person took back is not filled in for them again."""
    for draft in Draft.objects.live().filter(intake=intake, by=by).select_related("patient__kept_key"):
        draft.forget(answers)


def _tell(action: str, intake: Intake, stop: RaisedStop, by: User) -> None:
    detail = {"raised": str(stop.pk)}
    audit.record(action=action, by=by, site=intake.site, obj=intake, subject=intake.patient, detail=detail)
