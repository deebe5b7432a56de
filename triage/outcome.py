"""From answers to the explained outcome in one step, for whoever stores nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.contradictions import refuse_contradictions
from triage.engine import evaluate
from triage.explanation import Document, explain, headline
from triage.facts import check_answers, check_stored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from triage.protocol import Protocol


def decide(protocol: Protocol, answers: Mapping[str, object], *, on: date) -> Document:
    """What the protocol says of a patient with these answers; raises AnswerErrors naming every fault."""
    facts = check_answers(protocol.questions, answers, on=on)
    refuse_contradictions(protocol, facts, typed=facts.values)
    return explain(evaluate(protocol, facts))


def decide_stored(protocol: Protocol, answers: Mapping[str, object], *, on: date) -> Document:
    """The same of answers that were given before: contradictions that arose since do not count, and are named."""
    return explain(evaluate(protocol, check_stored(protocol.questions, answers, on=on)))


def suggest(protocol: Protocol, answers: Mapping[str, object], *, on: date) -> str:
    """The same in the one sentence that says what is suggested."""
    return headline(evaluate(protocol, check_answers(protocol.questions, answers, on=on)))
