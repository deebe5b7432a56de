"""The parts of a letter, each from the stored outcome and the answers that it was made from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinic import clock, spoken
from clinic.letters.part import Part
from clinic.letters.people import Names
from clinic.letters.studies import imaging
from clinic.models import StopRecord
from triage.facts import check_stored
from triage.saying import say
from triage.wording import isolated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from clinic.models import Assessment, Decision, Referral
    from triage.protocol import Protocol
    from triage.questions import Question

    Outcome = Mapping[str, Any]

_PRIORITIES = {"soon": gettext_noop("soon, within 14 days"), "routine": gettext_noop("routine, within 6 weeks")}
_TREATMENT = "treatment"


def parts_of(
    assessment: Assessment, referral: Referral | None, decision: Decision | None, *, on: date, at: datetime | None
) -> dict[str, Part]:
    """Every part that the assessment has something to say to, by the name that templates use."""
    outcome = spoken.outcome(assessment.outcome)
    protocol = spoken.protocol(assessment.release)
    names = Names(assessment)
    made = {
        "reason": _reason(outcome, referral),
        "mark": _mark(decision),
        "found": _found(outcome),
        "excluded": _excluded(outcome, names),
        "open": _open(outcome, names),
        "scores": _scores(outcome, protocol),
        "imaging": imaging(assessment, protocol, names),
        "treatment": _treatment(assessment, protocol, on),
        "actions": _actions(outcome),
        "referrals": _referrals(outcome),
        "done": _done(assessment, at),
        "plain": _plain(outcome),
        "next": _next(assessment, outcome),
        "safety_net": _texts(_("When to seek help"), assessment, outcome["safety_net"]),
        "advice": _texts(_("What you can do"), assessment, outcome["advice"]),
        "numbers": _numbers(assessment),
    }
    return {name: part for name, part in made.items() if part is not None}


def _reason(outcome: Outcome, referral: Referral | None) -> Part:
    paragraphs = [outcome["headline"], outcome["means"]]
    if referral is not None:
        priority = _PRIORITIES[referral.priority]
        paragraphs.insert(0, _("Please see this patient: %(priority)s.") % {"priority": _(priority)})
    return Part(title=_("Reason"), paragraphs=paragraphs)


def _mark(decision: Decision | None) -> Part | None:
    """An emergency or same-day advice that was not followed stays visible wherever it is told of."""
    if decision is None or not decision.lowers:
        return None
    said = ". ".join(filter(None, (str(decision.get_reason_display()), decision.note)))
    told = _("%(who)s decided on less than the urgent advice on %(day)s: %(said)s") % {
        "who": isolated(str(decision.by)),
        "day": date_format(clock.shown(decision.at), "j F Y"),
        "said": isolated(said),
    }
    return Part(title=_("Decided otherwise than advised"), paragraphs=[told])


def _found(outcome: Outcome) -> Part | None:
    """What acted, with its reason; of a flag also the answers that it read."""
    rows = [(each["title"], each["text"], _answers(each)) for each in outcome["because"]]
    header = (_("Finding"), _("Why it counts"), _("Answers"))
    return Part(title=_("What was found"), header=header, rows=rows, widths=(4, 6, 6)) if rows else None


def _answers(reason: Outcome) -> str:
    """A rule reads whole questionnaires: their scores are told elsewhere."""
    if reason["kind"] == "rule":
        return ""
    return "; ".join(f"{read['text']} {read['answer']}" for read in reason["read"])


def _excluded(outcome: Outcome, names: Names) -> Part:
    """The flags whose questions were answered no, by group, each group with when and by whom it was asked."""
    groups: dict[str, list[Outcome]] = {}
    for each in outcome["findings"]:
        if each["state"] == "excluded":
            groups.setdefault(each["group"], []).append(each)
    rows = [
        (group, "; ".join(each["title"] for each in flags), names.asked([q for each in flags for q in each["read"]]))
        for group, flags in groups.items()
    ]
    level = _("%(level)s: %(means)s") % outcome["exclusion"]
    none = [] if rows else [_("Nothing was answered no.")]
    return Part(
        title=_("Asked and answered no"),
        paragraphs=[level, *none],
        header=(_("Kind"), _("Red flags"), _("Asked")),
        rows=rows,
        widths=(2, 7, 2),
    )


def _open(outcome: Outcome, names: Names) -> Part:
    """What is not known: never left out, and never mistaken for a no."""
    states = {
        "unsure": _("Not sure"),
        "not_asked": _("Not asked"),
        "awaited": _("Awaits a report or its class"),
    }
    rows = [
        (each["title"], states[each["state"]], names.asked(each["read"]) if each["state"] == "unsure" else "")
        for each in outcome["findings"]
        if each["state"] in states
    ]
    if not rows:
        return Part(title=_("Not known"), paragraphs=[_("Every red flag was asked and answered.")])
    header = (_("Red flag"), _("State"), _("Asked"))
    return Part(title=_("Not known: not excluded"), header=header, rows=rows, widths=(5, 2, 3))


def _scores(outcome: Outcome, protocol: Protocol) -> Part:
    rows = [_score(each, protocol) for each in outcome["scores"] if each["answered"]]
    not_asked = [each["name"] for each in outcome["scores"] if not each["answered"]]
    notes = [_("Not asked: %(names)s.") % {"names": ", ".join(not_asked)}] if not_asked else []
    header = (_("Questionnaire"), _("Score"), _("Range"), _("Items answered"))
    return Part(title=_("Questionnaires"), paragraphs=notes, header=header, rows=rows, widths=(5, 3, 3, 3))


def _score(score: Outcome, protocol: Protocol) -> tuple[str, str, str, str]:
    instrument = protocol.instruments[score["instrument"]]
    share = len(instrument.items) if instrument.scoring != "sum" else 1
    low, high, maximum = (_number(score[each] / share) for each in ("low", "high", "maximum"))
    known = low if low == high else _("%(low)s to %(high)s, items are missing") % {"low": low, "high": high}
    covered = _("%(answered)s of %(items)s") % {"answered": score["answered"], "items": score["items"]}
    return (score["name"], _("%(known)s of %(maximum)s") % {"known": known, "maximum": maximum}, score["band"], covered)


def _number(value: float) -> str:
    return number_format(value, 0 if value == round(value) else 1)


def _treatment(assessment: Assessment, protocol: Protocol, on: date) -> Part:
    facts = check_stored(protocol.questions, assessment.answers, on=assessment.on)
    rows = [
        (question.text, _said(question, facts.values))
        for question in protocol.questions.values()
        if question.section == _TREATMENT
    ]
    return Part(title=_("Treatment so far"), header=(_("Question"), _("Answer")), rows=rows, widths=(2, 3))


def _said(question: Question, values: Mapping[str, Any]) -> str:
    return spoken.answer(say(question, values[question.id])) if question.id in values else _("Not asked")


def _actions(outcome: Outcome) -> Part | None:
    items = [_("%(what)s (%(who)s)") % {"what": each["text"], "who": each["who"]} for each in outcome["actions"]]
    return Part(title=_("What is to be done"), items=items) if items else None


def _referrals(outcome: Outcome) -> Part | None:
    items = [f"{each['title']}: {_(_PRIORITIES[each['priority']])}" for each in outcome["referrals"]]
    return Part(title=_("Referrals"), items=items) if items else None


def _done(assessment: Assessment, at: datetime | None) -> Part:
    """What was done about this and every other assessment of the intake."""
    items = [
        _("%(at)s, %(who)s: %(what)s")
        % {
            "at": date_format(clock.shown(each.at), "j F Y, H:i"),
            "who": isolated(str(each.by)),
            "what": isolated(each.text),
        }
        for each in StopRecord.objects.of_intake(assessment, at=at).with_patient()
    ]
    nothing = [] if items else [_("Nothing has been recorded yet.")]
    return Part(title=_("What was done here"), paragraphs=nothing, items=items)


def _plain(outcome: Outcome) -> Part:
    """The outcome in a sentence or two for the patient; ours, to be signed off like every text (A49)."""
    said = {
        "emergency": _("You need emergency care now. We have told you where to go and why."),
        "urgent_medical": _("A clinician needs to see you today."),
        "medical_review": _("A clinician will look at your back pain again before any other treatment is planned."),
        "hold_imaging": _("We are waiting for a scan or its report before we plan further treatment."),
        "refer": _("On what you told us and what we found, we saw no sign of a serious cause. We suggest treatment."),
        "self_manage": _("On what you told us and what we found, we saw no sign of a serious cause. Keep active."),
        "incomplete": _("We have not finished asking. Some answers are still needed before we can suggest anything."),
        "out_of_scope": _("These questions are not made for your situation. A clinician will decide with you."),
    }
    return Part(title=_("Your back pain"), paragraphs=[said[outcome["disposition"]]])


def _next(assessment: Assessment, outcome: Outcome) -> Part:
    """What the patient can expect, and by when."""
    items = [
        _("You are referred to: %(service)s, %(priority)s.")
        % {"service": each["title"], "priority": _(_PRIORITIES[each["priority"]])}
        for each in outcome["referrals"]
    ]
    day = review_on(assessment)
    if day:
        items.append(_("We want to see you again by %(day)s.") % {"day": date_format(day, "j F Y")})
    return Part(title=_("What happens next"), items=items)


def review_on(assessment: Assessment) -> date | None:
    days = assessment.outcome["review_days"]
    return assessment.on + timedelta(days=days) if days else None


def _texts(title: str, assessment: Assessment, texts: Iterable[Outcome]) -> Part | None:
    day = review_on(assessment)
    filled = {
        "{emergency_number}": assessment.site.emergency_number,
        "{crisis_line}": assessment.site.crisis_line,
        "{date}": date_format(day, "j F Y") if day else "",
    }
    items = [_filled(each["text"], filled) for each in texts]
    return Part(title=title, items=items) if items else None


def _filled(text: str, filled: Mapping[str, str]) -> str:
    for placeholder, words in filled.items():
        text = text.replace(placeholder, words)
    return text


def _numbers(assessment: Assessment) -> Part:
    site = assessment.site
    rows = [
        (_("Emergency"), site.emergency_number),
        (_("To talk at any hour"), site.crisis_line),
        (_("Emergency department"), site.emergency_department),
        (isolated(site.name), site.phone),
    ]
    return Part(title=_("Numbers"), header=(_("For"), _("Call")), rows=[row for row in rows if row[1]], widths=(1, 1))
