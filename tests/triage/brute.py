"""A prover that tries everybody: every intake of a small protocol, complete or not, decided by the engine itself.

What each property means is stated here once more, over the table of all outcomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import pairwise, product
from typing import Any, NamedTuple

from tests.triage.small import ON
from tests.triage.worlds import STUDIES, STUDY, World
from triage.engine import evaluate
from triage.facts import Facts, check_answers
from triage.logic import Truth
from triage.obligations import Obligations
from triage.patient_view import PatientView
from triage.protocol import Disposition, Protocol, Rule, Service
from triage.questions import Question

CALM = (Disposition.REFER, Disposition.SELF_MANAGE, Disposition.HOLD_IMAGING)
NONE_GOES_OUT = (Disposition.EMERGENCY, Disposition.URGENT_MEDICAL, Disposition.OUT_OF_SCOPE)
CLEAR_STUDIES = ("no_significant_finding", "age_related")
OLD = STUDY | {"status": "requested", "age_days": 120}
Intake = tuple[Any, ...]


class Outcome(NamedTuple):
    rule: str
    disposition: Disposition
    urgency: str
    referrals: tuple[Any, ...]
    tasks: frozenset[str]  # what the rule itself asks for
    actions: frozenset[str]

    @property
    def rank(self) -> int:
        return self.disposition.rank

    @property
    def is_psychology_alone(self) -> bool:
        services = {each.service for each in self.referrals}
        return bool(services) and Service.PHYSIOTHERAPY not in services


def smaller(protocol: Protocol, keep: set[str]) -> Protocol:
    """The same protocol with these questions alone, and what flags and rules can say of them."""

    def fits(*conditions: Any) -> bool:
        return all(set(protocol.reads(each)) <= keep for each in conditions if each is not None)

    questions = {name: each for name, each in protocol.questions.items() if name in keep}
    assert all(fits(each.ask_when) for each in questions.values())
    flags = tuple(flag for flag in protocol.flags if fits(flag.when))
    rules = tuple(rule for rule in protocol.rules if fits(rule.when, *rule.own_conditions))
    instruments = {name: each for name, each in protocol.instruments.items() if set(each.items) <= keep}
    texts = tuple(text for text in protocol.texts if fits(text.when))
    exclusions = tuple(each for each in protocol.exclusions if fits(each.when))
    return replace(
        protocol,
        questions=questions,
        flags=flags,
        rules=rules,
        instruments=instruments,
        texts=texts,
        exclusions=exclusions,
    )


class Everybody:
    """Every intake of a protocol, with what the engine says of it."""

    def __init__(self, protocol: Protocol, owed: Obligations) -> None:
        self.protocol, self.owed = protocol, owed
        gates = [each.ask_when for each in protocol.questions.values() if each.ask_when is not None]
        read = {*protocol.most_decisive_first, *(name for gate in gates for name in protocol.reads(gate))}
        self.names = tuple(each.id for each in protocol.questions.values() if each.safety or each.id in read)
        pool = World(protocol, []).pool
        self.answers = {name: [*_distinct(pool, name), None] for name in self.names}
        self.answers |= {name: _lists() for name in self.names if name == protocol.imaging_question}
        self.table = {intake: self._outcome(intake) for intake in product(*self.answers.values())}

    def _facts(self, intake: Intake) -> Facts:
        given = {name: answer for name, answer in zip(self.names, intake, strict=True) if answer is not None}
        answers = {name: list(map(dict, a)) if isinstance(a, tuple) else a for name, a in given.items()}
        return check_answers(self.protocol.questions, answers, on=ON)

    def _outcome(self, intake: Intake) -> Outcome:
        said = evaluate(self.protocol, self._facts(intake))
        rule, tasks = (said.rule.id, self._tasks(intake, said.rule)) if said.rule else ("", frozenset())
        return Outcome(rule, said.disposition, said.urgency, said.referrals, tasks, frozenset(said.actions))

    def _tasks(self, intake: Intake, rule: Rule) -> frozenset[str]:
        view = PatientView(self.protocol, self._facts(intake))
        view.judge_flags()
        return frozenset(
            task.action for task in rule.actions if task.when is None or task.when.verdict(view).now is Truth.TRUE
        )

    @cached_property
    def complete(self) -> list[Intake]:
        return [intake for intake in self.table if None not in intake]

    @cached_property
    def safety(self) -> list[Question]:
        return [self.protocol.questions[name] for name in self.names if self.protocol.questions[name].safety]

    def of(self, intake: Intake, name: str) -> Any:
        return intake[self.names.index(name)]

    def beside(self, intake: Intake, name: str, answer: Any) -> Intake:
        place = self.names.index(name)
        return (*intake[:place], answer, *intake[place + 1 :])

    def is_flagged(self, intake: Intake, *, leaving_out: tuple[str, ...] = ()) -> bool:
        flags = [each for each in self.safety if each.id not in leaving_out]
        return any(self.of(intake, each.id) != _calm(each) for each in flags)

    def steps(self, question: Question, *, sure: bool = False) -> Iterator[tuple[Any, Any]]:
        """Each answer with the next worse one."""
        numbers = sorted(each for each in self.answers[question.id] if isinstance(each, int))
        first, *rest = numbers or ["no", "yes"]
        yield from pairwise([first, *([] if sure else ["not_sure"]), *rest])

    def more_distress(self) -> Iterator[tuple[Intake, Outcome, Outcome]]:
        """Each intake with its outcome, and the outcome had one answer been less distress."""
        for name in self.owed.distress:
            if name in self.names:
                for less, more in self.steps(self.protocol.questions[name], sure=True):
                    for intake in self.table:
                        if self.of(intake, name) == more:
                            yield intake, self.table[intake], self.table[self.beside(intake, name, less)]


def _distinct(pool: list[tuple[str, Any]], name: str) -> list[Any]:
    return list(dict.fromkeys(answer for each, answer in pool if each == name and not isinstance(answer, list)))


def _lists() -> list[Any]:
    """Lists of studies that say different things, as they can be looked up."""
    one = [
        tuple(sorted(study.items())) for study in (STUDIES[0], STUDIES[3], STUDIES[12], STUDIES[-3], OLD, STUDIES[13])
    ]
    return [(), *((each,) for each in one), (one[1], one[2]), (one[0], one[2]), "not_sure", None]


def _calm(question: Question) -> Any:
    return 0 if question.type.is_number else "no"


def _no_psychology_alone(all_: Everybody) -> bool:
    return not any(out.is_psychology_alone and all_.is_flagged(each) for each, out in all_.table.items())


def _unknown_is_never_absent(all_: Everybody) -> bool:
    return not any(out.disposition in CALM and all_.is_flagged(each) for each, out in all_.table.items())


def _worse_never_lowers(all_: Everybody) -> bool:
    return not any(
        all_.table[each].rank < all_.table[all_.beside(each, question.id, calmer)].rank
        for question in all_.safety
        for calmer, worse in all_.steps(question)
        for each in all_.table
        if all_.of(each, question.id) == worse
    )


def _acts_at_once(all_: Everybody) -> bool:
    return not any(
        out.disposition is Disposition.INCOMPLETE
        and any(all_.of(each, question.id) not in (_calm(question), None) for question in all_.safety)
        for each, out in all_.table.items()
    )


def _always_decided(all_: Everybody) -> bool:
    return all(all_.table[each].rule for each in all_.complete)


def _lower_only_with_a_recheck(all_: Everybody) -> bool:
    return not any(
        more.rank < less.rank
        and all_.owed.recheck not in more.actions
        and None not in each
        and not any(all_.of(each, name) == "not_sure" for name in all_.owed.distress if name in all_.names)
        for each, more, less in all_.more_distress()
    )


def _distress_never_lowers(all_: Everybody) -> bool:
    return not any(
        more.rank < less.rank and all_.is_flagged(each, leaving_out=all_.owed.distress)
        for each, more, less in all_.more_distress()
    )


def _help_stays(all_: Everybody) -> bool:
    kept = all_.owed.kept
    return not any(
        kept[place] in less.actions and more.actions.isdisjoint(kept[: place + 1])
        for _, more, less in all_.more_distress()
        for place in range(len(kept))
    )


def _imaging_cannot_reassure(all_: Everybody) -> bool:
    name = all_.protocol.imaging_question
    if name not in all_.names:
        return True
    for each, out in all_.table.items():
        studies = all_.of(each, name)
        for study in studies if isinstance(studies, tuple) else ():
            without = all_.beside(each, name, tuple(other for other in studies if other is not study))
            is_clear = dict(study).get("class") in CLEAR_STUDIES and dict(study)["status"] == "reported"
            if is_clear and without in all_.table and out.rank < all_.table[without].rank and all_.is_flagged(each):
                return False
    return True


def _emergency_defers(all_: Everybody) -> bool:
    return not any(out.disposition in NONE_GOES_OUT and out.referrals for out in all_.table.values())


def _emergency_names_what_to_do(all_: Everybody) -> bool:
    return all(out.actions for out in all_.table.values() if out.rank >= Disposition.URGENT_MEDICAL.rank)


def _hidden_never_decide(all_: Everybody) -> bool:
    for each in all_.complete:
        view = PatientView(all_.protocol, all_._facts(each))
        for name in all_.names:
            gate = all_.protocol.questions[name].ask_when
            if gate is not None and gate.verdict(view).most is Truth.FALSE:
                others = [all_.beside(each, name, answer) for answer in all_.answers[name] if answer is not None]
                if any(all_.table[other] != all_.table[each] for other in others):
                    return False
    return True


def _every_rule_acts(all_: Everybody) -> bool:
    return {all_.table[each].rule for each in all_.complete} >= {rule.id for rule in all_.protocol.rules}


def _every_question_is_asked(all_: Everybody) -> bool:
    gates = [question.ask_when for question in all_.protocol.questions.values() if question.ask_when is not None]
    views = [PatientView(all_.protocol, all_._facts(each)) for each in all_.complete] if gates else []
    return all(any(gate.verdict(view).now is Truth.TRUE for view in views) for gate in gates)


def _every_safety_question_counts(all_: Everybody) -> bool:
    for question in all_.safety:
        alone = [each for each in all_.complete if not all_.is_flagged(each, leaving_out=(question.id,))]
        calm = [all_.beside(each, question.id, _calm(question)) for each in alone]
        # What a flag asks for is not enough: another rule must decide, or advise something else.
        if all(all_.table[one][:-1] == all_.table[other][:-1] for one, other in zip(alone, calm, strict=True)):
            return False
    return True


PROPERTIES: dict[str, Callable[[Everybody], bool]] = {
    "no_psychology_alone_over_an_open_flag": _no_psychology_alone,
    "unknown_is_never_absent": _unknown_is_never_absent,
    "a_worse_safety_answer_never_lowers_the_urgency": _worse_never_lowers,
    "a_remarkable_safety_answer_acts_at_once": _acts_at_once,
    "every_complete_intake_is_decided": _always_decided,
    "more_distress_lowers_the_urgency_only_with_a_recheck": _lower_only_with_a_recheck,
    "distress_never_lowers_a_physical_urgency": _distress_never_lowers,
    "more_distress_never_removes_help": _help_stays,
    "imaging_cannot_reassure": _imaging_cannot_reassure,
    "an_emergency_defers_referrals": _emergency_defers,
    "an_emergency_names_what_to_do": _emergency_names_what_to_do,
    "hidden_questions_never_decide": _hidden_never_decide,
    "no_rules_that_never_act": _every_rule_acts,
    "no_questions_never_asked": _every_question_is_asked,
    "no_safety_questions_without_effect": _every_safety_question_counts,
}
