"""What every protocol owes every patient, each as a property with the intakes that would refute it.

A property is proved by showing that no intake refutes it: neither one of which all is known nor a
half-filled one. "F1" and the like are the numbers of the invariants in the clinical evidence;
what a protocol of one name owes beyond these stands in its file of obligations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from triage.facts import NOT_SURE_ANSWER
from triage.logic import NO, YES
from triage.protocol import PSYCHOLOGICAL, Disposition, Service
from triage.spaces import Space, ordered_answers

if TYPE_CHECKING:
    from triage.diagram import Node
    from triage.obligations import Obligation, Obligations
    from triage.outcomes import Decided

CALMER = (Disposition.REFER, Disposition.SELF_MANAGE, Disposition.HOLD_IMAGING)
NO_REFERRAL = (Disposition.EMERGENCY, Disposition.URGENT_MEDICAL, Disposition.OUT_OF_SCOPE)

Refuting = Callable[[Space], Iterator["Node"]]


@dataclass(frozen=True, slots=True)
class Property:
    """A statement about every intake; `refuting` says which intakes would break it."""

    name: str
    invariant: str
    says: str
    refuting: Refuting
    partial: bool = True


def properties(owed: Obligations) -> tuple[Property, ...]:
    """All that is to be proved: what every protocol owes, and what this one does."""
    return (
        Property(
            "no_psychology_alone_over_an_open_flag",
            "F1",
            "No psychological care alone goes out while any safety question is anything but answered no.",
            _psychology_alone_over_an_open_flag,
        ),
        Property(
            "unknown_is_never_absent",
            "F4",
            "With a safety question not asked, not sure or yes, nobody is referred, told to manage alone or to wait.",
            _calm_with_a_safety_question_open,
        ),
        Property(
            "a_worse_safety_answer_never_lowers_the_urgency",
            "F5",
            "Changing one safety answer from no to not sure to yes never makes the outcome less urgent.",
            _lower_with_a_worse_safety_answer,
        ),
        Property(
            "every_complete_intake_is_decided",
            "F8",
            "Once every question is answered, be it with not sure, exactly one rule decides.",
            _complete_and_undecided,
            partial=False,
        ),
        Property(
            "more_distress_lowers_the_urgency_only_with_a_recheck",
            "F14",
            "Where more distress makes the outcome less urgent, the red flags are asked again.",
            lambda space: _lower_with_more_distress(space, owed),
            partial=False,
        ),
        Property(
            "distress_never_lowers_a_physical_urgency",
            "F15",
            "Beside a safety answer that is not no, more distress never makes the outcome less urgent.",
            lambda space: _lower_beside_a_flag(space, owed),
        ),
        Property(
            "more_distress_never_removes_help",
            "F15",
            "More distress never removes an action for mental health, but for a more urgent one in its place.",
            lambda space: _help_removed(space, owed),
        ),
        Property(
            "imaging_cannot_reassure",
            "F10",
            "A study without a significant finding never lowers the urgency while a safety question is not answered no.",
            _lower_with_a_clear_study,
        ),
        Property(
            "an_emergency_defers_referrals",
            "F18",
            "With an emergency, a same-day matter or out of scope no referral goes out.",
            lambda space: iter([space.outcome(_refers_where_none_may_go)]),
        ),
        Property(
            "an_emergency_names_what_to_do",
            "F19",
            "Every emergency and every same-day matter names an action.",
            _nothing_to_do,
        ),
        Property(
            "hidden_questions_never_decide",
            "F9",
            "An answer to a question that does not apply changes nothing.",
            _decided_by_a_hidden_answer,
            partial=False,
        ),
        *(_owed(each) for each in owed.obligations),
    )


def _owed(obligation: Obligation) -> Property:
    return Property(obligation.id, obligation.invariant, obligation.says, lambda space: _breaking(space, obligation))


def _breaking(space: Space, owed: Obligation) -> Iterator[Node]:
    """The patients an obligation speaks of whose outcome is otherwise, or of whom an action is not asked."""
    about = space.where(owed.when)
    if owed.study:
        about = space.all_of(about, space.containing(owed.study))
    yield space.all_of(about, space.outcome(lambda decided: _breaks(decided, owed)))
    for action in owed.actions:
        yield space.all_of(about, space.not_(space.asked_for(action)))


def _breaks(decided: Decided, owed: Obligation) -> bool:
    services = {each.service for each in decided.referrals}
    return (
        (owed.at_least is not None and decided.disposition.rank < owed.at_least.rank)
        or decided.disposition in owed.never
        or not services.isdisjoint(owed.forbids)
        or (owed.forbids_psychology_alone and psychology_alone(decided))
    )


def psychology_alone(decided: Decided) -> bool:
    """Whether psychological care goes out without physiotherapy."""
    services = {each.service for each in decided.referrals}
    return Service.PHYSIOTHERAPY not in services and not services.isdisjoint(PSYCHOLOGICAL)


def _psychology_alone_over_an_open_flag(space: Space) -> Iterator[Node]:
    alone = space.outcome(psychology_alone)
    for question in space.safety:
        yield space.all_of(space.remarkable(question), alone)


def _calm_with_a_safety_question_open(space: Space) -> Iterator[Node]:
    calm = space.outcome(lambda decided: decided.disposition in CALMER)
    for question in space.safety:
        yield space.all_of(space.remarkable(question), calm)


def _rank(space: Space) -> Node:
    return space.outcome(lambda decided: decided.disposition.rank)


def _lower_with_a_worse_safety_answer(space: Space) -> Iterator[Node]:
    rank = _rank(space)
    for question in space.safety:
        answers = ordered_answers(question)
        for calmer, worse in pairwise(answers):
            before, after = space.changed(rank, question.id, calmer), space.changed(rank, question.id, worse)
            yield space.all_of(
                space.has(question.id, worse),
                space.together(_is_lower, after, before),
            )


def _is_lower(after: int, before: int) -> bool:
    return after < before


def _complete_and_undecided(space: Space) -> Iterator[Node]:
    yield space.outcome(lambda decided: not decided.rule)


def _steps_of_distress(space: Space, owed: Obligations) -> Iterator[tuple[str, Any, Any]]:
    """Each question of distress with two of its answers, the second being more distress."""
    for name in owed.distress:
        if name in space.everybody.places:
            question = space.protocol.questions[name]
            answers = [each for each in ordered_answers(question) if each != "not_sure"]
            yield from ((name, less, more) for less, more in pairwise(answers))


def _lower_with_more_distress(space: Space, owed: Obligations) -> Iterator[Node]:
    """Scores of which every item is known: another answer to one of several unsure items may settle more than it adds."""
    rank, recheck = _rank(space), space.asked_for(owed.recheck) if owed.recheck else space.nowhere
    known = space.not_(space.any_of(*(space.has(name, NOT_SURE_ANSWER) for name in owed.distress)))
    for name, less, more in _steps_of_distress(space, owed):
        lower = space.together(_is_lower, space.changed(rank, name, more), space.changed(rank, name, less))
        no_recheck = space.not_(space.changed(recheck, name, more))
        yield space.all_of(known, space.has(name, more), lower, no_recheck)


def _lower_beside_a_flag(space: Space, owed: Obligations) -> Iterator[Node]:
    rank = _rank(space)
    flagged = space.any_of(*(space.remarkable(q) for q in space.safety if q.id not in owed.distress))
    for name, less, more in _steps_of_distress(space, owed):
        lower = space.together(_is_lower, space.changed(rank, name, more), space.changed(rank, name, less))
        yield space.all_of(flagged, space.has(name, more), lower)


def _help_removed(space: Space, owed: Obligations) -> Iterator[Node]:
    """One action may give way to a more urgent one alone."""
    for place, action in enumerate(owed.kept):
        asked = space.asked_for(action)
        as_urgent = space.any_of(*(space.asked_for(each) for each in owed.kept[: place + 1]))
        for name, less, more in _steps_of_distress(space, owed):
            left = space.not_(space.changed(as_urgent, name, more))
            yield space.all_of(space.has(name, more), space.changed(asked, name, less), left)


def _lower_with_a_clear_study(space: Space) -> Iterator[Node]:
    """Compared is the same list without the study, of which the facts that it alone makes true are not."""
    rank = _rank(space)
    flagged = space.any_of(*(space.remarkable(question) for question in space.safety))
    for fact in space.reassuring_facts():
        lower = space.together(_is_lower, space.changed(rank, fact, YES), space.changed(rank, fact, NO))
        yield space.all_of(flagged, space.has(fact, YES), lower)


def _refers_where_none_may_go(decided: Decided) -> bool:
    return decided.disposition in NO_REFERRAL and bool(decided.referrals)


def _nothing_to_do(space: Space) -> Iterator[Node]:
    urgent = space.outcome(lambda decided: decided.disposition.rank >= Disposition.URGENT_MEDICAL.rank)
    yield space.all_of(urgent, *(space.not_(space.asked_for(action)) for action in space.protocol.actions))


def _decided_by_a_hidden_answer(space: Space) -> Iterator[Node]:
    decided = space.outcomes.decided
    for name in space.everybody.places:
        question = space.protocol.questions.get(name)
        if question is None or question.ask_when is None:
            continue
        hidden = space.not_applicable(question)
        kinds = space.everybody.variables[space.everybody.places[name]].answers
        for answer in kinds[1:]:
            other = space.together(
                _is_other, space.changed(decided, name, answer), space.changed(decided, name, kinds[0])
            )
            yield space.all_of(hidden, space.has(name, answer), other)


def _is_other(one: Decided, another: Decided) -> bool:
    return one != another
