"""What is wrong with a protocol as a whole: rules that never act, questions that never matter, texts that miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.protocol import Disposition
from triage.spaces import calm_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.obligations import Obligations
    from triage.protocol import Flag, Protocol, Rule
    from triage.spaces import Space

# The latest review of each outcome (evidence, tables E.ii and E.iii), in days.
LATEST_REVIEW = {
    Disposition.EMERGENCY: 3,
    Disposition.URGENT_MEDICAL: 1,
    Disposition.OUT_OF_SCOPE: 14,
    Disposition.MEDICAL_REVIEW: 14,
    Disposition.HOLD_IMAGING: 14,
    Disposition.INCOMPLETE: 1,
    Disposition.REFER: 42,
    Disposition.SELF_MANAGE: 42,
}
# A diagnosis by exclusion is none, and pain is never imagined (evidence F23).
NEVER_SAID = ("psychosomatic", "hysterical", "all in your", "all in the mind", "nothing wrong", "excluded")


def rules_that_never_act(space: Space, owed: Obligations) -> Iterator[str]:
    rule = space.outcome(lambda decided: decided.rule)
    acting = space.diagrams.says(space.within(space.everybody.possible, rule))
    for each in space.protocol.rules:
        if each.id not in acting:
            yield f'the rule "{each.title}" ({each.id}) never decides: those above it leave it no patient'


def questions_never_asked(space: Space, owed: Obligations) -> Iterator[str]:
    for question in space.protocol.questions.values():
        if question.ask_when is not None and space.where(question.ask_when) == space.nowhere:
            yield f'"{question.text}" ({question.id}) is never asked: its condition is never true'


def questions_that_never_matter(space: Space, owed: Obligations) -> Iterator[str]:
    """Asking for what decides nothing takes the patient's time and data."""
    decisive = _decisive(space)
    dates = {question.days_since for question in space.protocol.questions.values()}
    for question in space.protocol.questions.values():
        if question.id not in {*decisive, *dates, *owed.descriptive}:
            yield f'"{question.text}" ({question.id}) never changes an outcome and is not said to be descriptive'
    for name in owed.descriptive:
        if name in decisive:
            yield f"{name} is said to be descriptive, but it decides"


def _decisive(space: Space) -> set[str]:
    read = space.everybody.places.keys()
    decisive = {name for name in read if space.asks(space.outcomes.decided, name)}
    for action in space.protocol.actions if decisive != read else ():
        decisive |= {name for name in read - decisive if space.asks(space.asked_for(action), name)}
    return decisive | ({space.protocol.imaging_question} if decisive & space.protocol.facts.keys() else set())


def safety_questions_without_effect(space: Space, owed: Obligations) -> Iterator[str]:
    """Each must change the outcome of a patient who answers no to all others."""
    effective = space.effective_alone({question.id: calm_answer(question) for question in space.safety})
    for question in space.safety:
        if question.id not in effective:
            yield f'"{question.text}" ({question.id}) changes nothing when it is the only remarkable answer'


def reviews_too_late(space: Space, owed: Obligations) -> Iterator[str]:
    protocol = space.protocol
    reviews = [(each.title, each.disposition, each.review_days) for each in protocol.rules]
    reviews.append(("Incomplete", Disposition.INCOMPLETE, protocol.incomplete.review_days))
    for title, disposition, days in reviews:
        if not 0 < days <= LATEST_REVIEW[disposition]:
            yield f'"{title}" is reviewed after {days} days; {disposition} allows 1 to {LATEST_REVIEW[disposition]}'


def outcomes_without_safety_net(space: Space, owed: Obligations) -> Iterator[str]:
    for disposition in Disposition:
        texts = [text for text in space.protocol.texts if disposition in text.dispositions]
        if not any(text.kind == "safety_net" and text.when is None for text in texts):
            yield f"{disposition} has no safety-net text that is always shown"
        if disposition.rank >= Disposition.URGENT_MEDICAL.rank:
            yield from (f"{disposition} shows routine advice ({t.id})" for t in texts if t.kind != "safety_net")


def statements_without_source(space: Space, owed: Obligations) -> Iterator[str]:
    """Whether a source that was withdrawn may be cited all the same is for people to say, not for a proof."""
    stated: tuple[Flag | Rule, ...] = (*space.protocol.flags, *space.protocol.rules)
    yield from (f"{each.id} cites nothing" for each in stated if not each.cites)


def escalations_below_advice(space: Space, owed: Obligations) -> Iterator[str]:
    """An escalation acts while much is open; what is advised once all is known must never be more urgent."""
    advised = max((rule.disposition.rank for rule in space.protocol.rules if not rule.at_once), default=0)
    for rule in space.protocol.rules:
        if rule.at_once and rule.disposition.rank < advised:
            yield f'the escalation "{rule.title}" is less urgent than what other rules advise'


def words_never_to_be_said(space: Space, owed: Obligations) -> Iterator[str]:
    for place, text in _texts(space.protocol):
        for word in NEVER_SAID:
            if word in text.lower():
                yield f'{place} says "{word}"'


def _texts(protocol: Protocol) -> Iterator[tuple[str, str]]:
    for text in protocol.texts:
        yield text.id, text.text
    stated: tuple[Flag | Rule, ...] = (*protocol.flags, *protocol.rules)
    for each in stated:
        yield each.id, f"{each.title} {each.because}"
    for action in protocol.actions.values():
        yield action.id, action.text
    for disposition, wording in protocol.dispositions.items():
        yield disposition, f"{wording.title} {wording.means}"


# Each with the invariant it belongs to and what it shows where it finds nothing.
CHECKS = (
    (rules_that_never_act, "F20", "Every rule decides for some patient."),
    (questions_never_asked, "F20", "Every question is asked of some patient."),
    (questions_that_never_matter, "F9", "Every question can change an outcome, or is said to be descriptive."),
    (safety_questions_without_effect, "F20", "Every safety question, alone, changes the outcome of a clear adult."),
    (reviews_too_late, "F19", "Every outcome has its review in time."),
    (outcomes_without_safety_net, "F19", "Every outcome has its safety net, and no urgent one routine advice."),
    (statements_without_source, "F21", "Every flag and rule cites a source or an assumption."),
    (escalations_below_advice, "F5", "No escalation is less urgent than what is advised when all is known."),
    (words_never_to_be_said, "F23", "No text calls pain imagined or a cause excluded."),
)
