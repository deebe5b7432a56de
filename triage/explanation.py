"""An evaluation in words: the one document that page, API, letter and stored assessment show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.alternatives import MOST_CHANGES, alternatives
from triage.engine import ENGINE_VERSION, Evaluation, Finding, State
from triage.imaging import Study
from triage.protocol import Disposition, Flag, Rule
from triage.referring import Referral
from triage.saying import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from triage.instruments import Score

Document = dict[str, Any]

AWAITED = "awaited"  # the state of a flag that nothing supports yet, while a report may


def explain(evaluation: Evaluation) -> Document:
    """The evaluation as a JSON document: strings, whole numbers, lists and tables only."""
    protocol, disposition = evaluation.protocol, evaluation.disposition
    words = protocol.dispositions[disposition]
    return {
        "protocol": {
            "id": protocol.id,
            "version": protocol.version,
            "title": protocol.title,
            "digest": protocol.digest,
            "signed_off": protocol.signed_off,
        },
        "engine": ENGINE_VERSION,
        "on": evaluation.facts.on.isoformat(),
        "disposition": disposition.value,
        "urgency": evaluation.urgency.value,
        "title": words.title,
        "headline": headline(evaluation),
        "means": words.means,
        "floor": evaluation.floor.value,
        "ceiling": evaluation.ceiling.value,
        "exclusion": {"level": evaluation.exclusion, "means": _exclusion(evaluation)},
        "referrals": [_referral(evaluation, each) for each in evaluation.referrals],
        "deferred": [_referral(evaluation, each) for each in evaluation.deferred],
        "actions": [_action(evaluation, each) for each in evaluation.actions],
        "review_days": evaluation.review_days,
        "advice": _texts(evaluation, "advice"),
        "safety_net": _texts(evaluation, "safety_net"),
        "because": _because(evaluation),
        "findings": [_finding(evaluation, each) for each in evaluation.findings],
        "outstanding": [_open(evaluation, each) for each in evaluation.outstanding],
        "would_change": list(_would_change(evaluation)),
        "scores": [_score(each) for each in evaluation.scores],
        "conflicts": [{"question": each.question, "reason": each.reason} for each in evaluation.conflicts],
        "ignored": list(evaluation.ignored),
    }


def headline(evaluation: Evaluation) -> str:
    """What is suggested and the first reason for it, in one sentence."""
    title = evaluation.protocol.dispositions[evaluation.disposition].title
    if evaluation.disposition is Disposition.INCOMPLETE:
        number = len(evaluation.outstanding)
        questions = "1 question is" if number == 1 else f"{number} questions are"
        return f"{title}: {questions} still open that could change the outcome."
    if evaluation.referrals and evaluation.disposition is Disposition.REFER:
        services = " and ".join(_service(evaluation, each) for each in evaluation.referrals)
        return f"Suggested: refer to {services}, {_by_when(evaluation.referrals)}."
    reason = first_reason(evaluation)
    return f"{title}: {reason[:1].lower()}{reason[1:]}" if reason else f"{title}."


def _service(evaluation: Evaluation, referral: Referral) -> str:
    title = evaluation.protocol.services[referral.service].title
    return title if title.isupper() else f"{title[:1].lower()}{title[1:]}"


def _by_when(referrals: tuple[Referral, ...]) -> str:
    soon = any(each.priority == "soon" for each in referrals)
    return "soon (within 14 days)" if soon else "routine (within 6 weeks)"


def first_reason(evaluation: Evaluation) -> str:
    acting = _acting(evaluation)
    if acting:
        return acting[0].flag.because
    return evaluation.rule.because if evaluation.rule else ""


def _acting(evaluation: Evaluation) -> list[Finding]:
    """The flags that are present or in doubt, most urgent first."""
    order = ("now", "24h", "7d", "14d")
    counting = [each for each in evaluation.findings if each.counts]
    return sorted(counting, key=lambda each: (order.index(each.urgency), each.state != "present"))


def _exclusion(evaluation: Evaluation) -> str:
    for each in evaluation.protocol.exclusions:
        if each.level == evaluation.exclusion:
            return each.means
    return "serious causes are not yet all answered no"


def _referral(evaluation: Evaluation, referral: Referral) -> Document:
    return {
        "service": referral.service.value,
        "title": evaluation.protocol.services[referral.service].title,
        "priority": referral.priority.value,
    }


def _action(evaluation: Evaluation, name: str) -> Document:
    action = evaluation.protocol.actions[name]
    return {"id": name, "text": action.text, "who": action.who}


def _texts(evaluation: Evaluation, kind: str) -> list[Document]:
    return [{"id": t.id, "text": t.text} for t in evaluation.texts if t.kind == kind]


def _because(evaluation: Evaluation) -> list[Document]:
    """Why: every flag that acts, then the rule that decided."""
    reasons = [_reason(evaluation, "flag", each.flag, each.urgency, each.state) for each in _acting(evaluation)]
    rule = evaluation.rule
    if rule is not None:
        return [*reasons, _reason(evaluation, "rule", rule, rule.urgency, State.PRESENT)]
    incomplete = evaluation.protocol.incomplete
    reasons.append(
        {
            "kind": "rule",
            "id": "incomplete",
            "title": evaluation.protocol.dispositions[Disposition.INCOMPLETE].title,
            "level": evaluation.urgency.value,
            "state": State.PRESENT.value,
            "text": incomplete.because,
            "read": [],
            "cites": _cites(evaluation, incomplete.cites),
        }
    )
    return reasons


def _reason(evaluation: Evaluation, kind: str, why: Flag | Rule, level: str, state: State) -> Document:
    return {
        "kind": kind,
        "id": why.id,
        "title": why.title,
        "level": str(level),
        "state": state.value,
        "text": why.because,
        "read": _read(evaluation, evaluation.protocol.read_by[f"{kind}:{why.id}"]),
        "cites": _cites(evaluation, why.cites),
    }


def _read(evaluation: Evaluation, ids: Iterable[str]) -> list[Document]:
    """The answers that were read; questions without one are not listed."""
    values, questions = evaluation.facts.values, evaluation.protocol.questions
    return [
        {"question": name, "text": questions[name].text, "answer": say(questions[name], values[name])}
        for name in ids
        if name in values
    ]


def _cites(evaluation: Evaluation, ids: Iterable[str]) -> list[Document]:
    sources = evaluation.protocol.sources
    return [{"id": cite, "citation": sources[cite].citation, "status": sources[cite].status} for cite in ids]


def _finding(evaluation: Evaluation, finding: Finding) -> Document:
    flag = finding.flag
    read = evaluation.protocol.read_by[f"flag:{flag.id}"]
    is_awaited = finding.state is State.EXCLUDED and _awaits_a_report(evaluation, read)
    return {
        "flag": flag.id,
        "title": flag.title,
        "group": flag.group,
        "state": AWAITED if is_awaited else finding.state.value,
        "level": flag.level.value,
        "read": list(read),
    }


def _awaits_a_report(evaluation: Evaluation, read: Iterable[str]) -> bool:
    """Whether what was read includes a study that may still say something: not a no yet."""
    question = evaluation.protocol.imaging_question
    studies = evaluation.facts.values.get(question) if question in read else None
    return isinstance(studies, tuple) and any(isinstance(each, Study) and each.is_awaited for each in studies)


def _open(evaluation: Evaluation, name: str) -> Document:
    question = evaluation.protocol.questions[name]
    return {
        "question": name,
        "text": question.text,
        "section": question.section,
        "safety": question.safety,
    }


def _would_change(evaluation: Evaluation) -> Iterator[Document]:
    """What else it would be with a few other answers, once only few are open; an answer not given is empty.

    Nothing is said of contradictory facts: first it has to be known which of them is wrong.
    """
    if len(evaluation.outstanding) > MOST_CHANGES or evaluation.contradictions:
        return
    values, questions = evaluation.facts.values, evaluation.protocol.questions
    for disposition, answers in alternatives(evaluation.protocol, evaluation.facts, evaluation.disposition):
        changed = [
            {
                "question": name,
                "text": questions[name].text,
                "from": say(questions[name], values[name]) if name in values else "",
                "to": say(questions[name], answer),
            }
            for name, answer in answers.items()
        ]
        title = evaluation.protocol.dispositions[disposition].title
        yield {"to": disposition.value, "title": title, "answers": changed}


def _score(score: Score) -> Document:
    known, instrument = score.quantity.now, score.instrument
    return {
        "instrument": instrument.id,
        "name": instrument.name,
        "low": known.low,
        "high": known.high,
        "answered": score.answered,
        "items": len(instrument.items),
        "band": instrument.band(known.low, known.high),
        "maximum": instrument.maximum,
    }
