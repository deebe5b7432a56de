"""What every protocol owes every patient, each as a property with the intakes that would refute it.

A property is proved by showing that no intake refutes it: neither one of which all is known nor a
half-filled one. "F1" and the like are the numbers of the invariants in the clinical evidence;
what a protocol of one name owes beyond these stands in its file of obligations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import mul
from typing import TYPE_CHECKING

from triage.facts import NOT_SURE_ANSWER
from triage.logic import NO, YES
from triage.protocol import Disposition, Service
from triage.quantities import Range
from triage.referring import NO_REFERRAL
from triage.spaces import Space, ordered_answers

if TYPE_CHECKING:
    from triage.diagram import Node
    from triage.obligations import Obligation, Obligations

CALMER = (Disposition.REFER, Disposition.SELF_MANAGE, Disposition.HOLD_IMAGING)

Refuting = Callable[[Space], Iterator["Node"]]


@dataclass(frozen=True, slots=True)
class Property:
    """A statement about every intake; `refuting` says which intakes would break it."""

    name: str
    invariant: str
    says: str
    refuting: Refuting
    of_half_filled: bool = True


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
            "a_remarkable_safety_answer_acts_at_once",
            "F5",
            "A safety question answered yes or not sure leads somewhere at once, whatever else is open.",
            _incomplete_beside_a_safety_answer,
        ),
        Property(
            "every_complete_intake_is_decided",
            "F8",
            "Once every question is answered, be it with not sure, exactly one rule decides.",
            _complete_and_undecided,
            of_half_filled=False,
        ),
        Property(
            "more_distress_lowers_the_urgency_only_with_a_recheck",
            "F14",
            "Where more distress makes the outcome less urgent, the red flags are asked again.",
            lambda space: _lower_with_more_distress(space, owed),
            of_half_filled=False,
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
            _refers_where_none_may_go,
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
            of_half_filled=False,
        ),
        Property(
            "an_interval_is_never_calmer_than_all_it_spans",
            "F4",
            "An age that is not certain never makes the outcome less urgent than every age that it may be.",
            _calmer_than_all_it_spans,
        ),
        Property(
            "a_contradiction_is_never_calmer_than_either_fact",
            "F4",
            "Of two answers that contradict each other, the outcome is as urgent as with either of them alone.",
            _calmer_than_either_fact,
        ),
        *(_owed(each) for each in owed.obligations),
    )


def _owed(obligation: Obligation) -> Property:
    return Property(obligation.id, obligation.invariant, obligation.says, lambda space: _breaking(space, obligation))


def _breaking(space: Space, owed: Obligation) -> Iterator[Node]:
    """The patients an obligation speaks of whose outcome is otherwise, or of whom an action is not asked."""
    about = space.all_of(space.where(owed.when), space.containing(owed.study) if owed.study else space.everywhere)
    yield space.all_of(about, space.ending_in(_forbidden(owed)))
    yield space.all_of(about, space.referring_to(owed.forbids))
    if owed.forbids_psychology_alone:
        yield space.all_of(about, space.psychology_alone)
    for action in owed.actions:
        yield space.all_of(about, space.not_(space.asked_for(action)))


def _forbidden(owed: Obligation) -> Iterator[Disposition]:
    for disposition in Disposition:
        is_too_low = owed.at_least is not None and disposition.rank < owed.at_least.rank
        if is_too_low or disposition in owed.never:
            yield disposition


def _psychology_alone_over_an_open_flag(space: Space) -> Iterator[Node]:
    yield space.all_of(space.remarkable(*space.safety), space.psychology_alone)


def _calm_with_a_safety_question_open(space: Space) -> Iterator[Node]:
    yield space.all_of(space.remarkable(*space.safety), space.ending_in(CALMER))


def _lower_with_a_worse_safety_answer(space: Space) -> Iterator[Node]:
    for question in space.safety:
        yield space.falling(space.rank, question.id, ordered_answers(question))


def _incomplete_beside_a_safety_answer(space: Space) -> Iterator[Node]:
    """Otherwise a worse answer could leave incomplete what the calmer one had decided."""
    asked = [space.all_of(space.remarkable(each), space.not_(space.has(each.id, None))) for each in space.safety]
    yield space.all_of(space.any_of(*asked), space.ending_in([Disposition.INCOMPLETE]))


def _complete_and_undecided(space: Space) -> Iterator[Node]:
    yield space.outcome(lambda decided: not decided.rule)


def _with_more_distress(space: Space, owed: Obligations, number: Node) -> Iterator[Node]:
    """Where a number is lower for more distress in the answer to one question."""
    for name in owed.distress:
        if name in space.everybody.places:
            answers = ordered_answers(space.protocol.questions[name])
            yield space.falling(number, name, tuple(each for each in answers if each != NOT_SURE_ANSWER))


def _lower_with_more_distress(space: Space, owed: Obligations) -> Iterator[Node]:
    """Scores of which every item is known: another answer to one of several unsure items may settle more than it adds."""
    known = space.all_of(*(space.not_(space.has(name, NOT_SURE_ANSWER)) for name in owed.distress))
    no_recheck = space.not_(space.asked_for(owed.recheck)) if owed.recheck else space.everywhere
    for lower in _with_more_distress(space, owed, space.rank):
        yield space.all_of(known, lower, no_recheck)


def _lower_beside_a_flag(space: Space, owed: Obligations) -> Iterator[Node]:
    flagged = space.remarkable(*(each for each in space.safety if each.id not in owed.distress))
    for lower in _with_more_distress(space, owed, space.rank):
        yield space.all_of(flagged, lower)


def _help_removed(space: Space, owed: Obligations) -> Iterator[Node]:
    """One action may give way to a more urgent one alone: the most urgent that is asked for never gets less so."""
    help_asked_for = space.diagrams.constant(0)
    for urgency, action in enumerate(reversed(owed.kept), 1):
        asked = space.diagrams.convert(partial(mul, urgency), space.asked_for(action))
        help_asked_for = space.diagrams.combine(max, asked, help_asked_for)
    yield from _with_more_distress(space, owed, help_asked_for)


def _lower_with_a_clear_study(space: Space) -> Iterator[Node]:
    """Compared is the same list without the study, of which the facts that it alone makes true are not."""
    flagged = space.remarkable(*space.safety)
    for fact in space.reassuring_facts():
        yield space.all_of(flagged, space.falling(space.rank, fact, (NO, YES)))


def _refers_where_none_may_go(space: Space) -> Iterator[Node]:
    yield space.all_of(space.ending_in(NO_REFERRAL), space.referring_to(Service))


def _nothing_to_do(space: Space) -> Iterator[Node]:
    left = space.ending_in(each for each in Disposition if each.rank >= Disposition.URGENT_MEDICAL.rank)
    for action in space.protocol.actions:
        if left != space.nowhere:
            left = space.all_of(left, space.not_(space.asked_for(action)))
    yield left


def _calmer_than_all_it_spans(space: Space) -> Iterator[Node]:
    for variable in space.everybody.variables:
        for interval in (each for each in variable.answers if isinstance(each, Range)):
            least = space.least(space.rank, variable.name, interval)
            now = space.changed(space.rank, variable.name, interval)
            yield space.all_of(space.has(variable.name, interval), space.lower(now, least))


def _calmer_than_either_fact(space: Space) -> Iterator[Node]:
    """Whether or not these very answers contradict each other: so nothing hangs on which ones do."""
    for one, other in {each.questions: None for each in space.protocol.must_hold}:
        if one in space.everybody.places and other in space.everybody.places:
            now = space.ranked(space.contradictory(one, other))
            yield from (space.lower(now, space.ranked(each)) for each in space.with_one_of(one, other))


def _decided_by_a_hidden_answer(space: Space) -> Iterator[Node]:
    decided = space.outcomes.decided
    for question in space.protocol.questions.values():
        hidden = space.not_applicable(question)
        if question.id in space.everybody.places and space.asks(space.within(hidden, decided), question.id):
            first, *others = space.everybody.variables[space.everybody.places[question.id]].answers
            without = space.changed(decided, question.id, first)
            for answer in others:
                other = space.differs(space.changed(decided, question.id, answer), without)
                yield space.all_of(hidden, space.has(question.id, answer), other)
