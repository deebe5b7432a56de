"""A patient as code: the very same conditions are judged on whoever the code will be run on as on one patient.

Every name is judged at most once when the code runs.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from triage.coded import CONSTANT, LEAST, MOST, NOW, CodedQuantity, CodedVerdict, Nature
from triage.coded_studies import CodedStudies
from triage.coded_variables import Variables
from triage.facts import NOT_SURE_ANSWER
from triage.instruments import Instrument
from triage.protocol import LEVELS, Fact, Level, Protocol, Urgency
from triage.questions import Question, QuestionType
from triage.syntax import (
    NO,
    NONE,
    YES,
    assign,
    call,
    choose,
    compare,
    constant,
    element,
    every,
    is_among,
    is_of_class,
    load,
    negation,
    some,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from triage.conditions import Condition

_NEVER = CodedVerdict("never", lambda _, wanted: NO if wanted else YES, CONSTANT)


class CodedPatient:
    """Anybody as code; with `known`, somebody of whom everything is known that the code comes to read.

    `read` names the variables that hold answers from the start.
    """

    def __init__(
        self,
        protocol: Protocol,
        *,
        known: bool,
        counted: CodedPatient | None = None,
        constants: dict[str, Any] | None = None,
    ) -> None:
        self.protocol, self.known = protocol, known
        self.variables: Variables = Variables(constants, counted.variables if counted else None)
        self._studies: CodedStudies = CodedStudies(self, counted._studies if counted else None)
        self.read: dict[str, str] = {}
        self.flags: dict[str, CodedVerdict] = {}
        self.flags_are_found = self.flags_are_settled = False
        self._gates: dict[frozenset[Hashable], CodedVerdict] = {}
        self._verdicts: dict[str, CodedVerdict] = {}
        self._quantities: dict[str, CodedQuantity] = {}

    def judge(self, condition: Condition) -> CodedVerdict:
        view: Any = self  # a view of code where conditions expect one of verdicts; they only pass them on
        judged: Any = condition.verdict(view)
        return cast("CodedVerdict", judged)

    def judge_flags(self) -> None:
        for flag in self.protocol.flags:
            self.flags[flag.id] = self.judge(flag.when)

    def _verdict_once(self, key: Hashable, judged: CodedVerdict) -> CodedVerdict:
        def rail(truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
            return self.variables.once(
                (key, truth, wanted), lambda: self._guarded(judged.nature, judged.rail(truth, wanted), NO)
            )

        return CodedVerdict(key, rail, judged.nature, judged.follows_from)

    def _quantity_once(self, key: Hashable, quantity: CodedQuantity) -> CodedQuantity:
        def end(truth: str, top: bool) -> ast.expr:  # noqa: FBT001
            none = constant(0)
            return self.variables.once(
                (key, truth, top), lambda: self._guarded(quantity.nature, quantity.end(truth, top), none)
            )

        return CodedQuantity(key, end, quantity.nature, is_counted=quantity.is_counted)

    def _guarded(self, nature: Nature, value: ast.expr, otherwise: ast.expr) -> ast.expr:
        """The value where the questions that it reads apply; elsewhere it is of no account."""
        return choose(every(negation(self._gates[each].is_false(NOW)) for each in nature.needs), value, otherwise)

    def truth(self, name: str) -> CodedVerdict:
        if name not in self._verdicts:
            self._verdicts[name] = self._truth(name)
        return self._verdicts[name]

    def _truth(self, name: str) -> CodedVerdict:
        named = self.protocol.names[name]
        if isinstance(named, Fact):
            return self._any_study(named) if named.per_study else self._verdict_once(name, self.judge(named.when))
        return self.is_one_of(name, ("yes",))

    def is_one_of(self, name: str, words: tuple[str, ...]) -> CodedVerdict:
        question = self.protocol.questions[name]
        known = ("yes", "no") if question.type is QuestionType.TRI else tuple(each.value for each in question.options)
        others = tuple(word for word in known if word not in words)

        def rail(truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
            these, those = (words, others) if wanted else (others, words)
            answered = self.variables.once((name, words, wanted), lambda: self._is_among(name, these, those))
            return self._where_it_applies(name, answered, truth, wanted)

        return self._verdict_once(("answer", name, words), CodedVerdict((name, words), rail, self._nature(question)))

    def _is_among(self, name: str, words: tuple[str, ...], others: tuple[str, ...]) -> ast.expr:
        """Whether the answer is one of the words; where all has to be known, the look-up fails for any but these."""
        if not self.known:
            return is_among(self.answer(name), words)
        if len(others) > 1:
            return element(self.variables.constant((words, others), _table(words, others)), self.answer(name))
        # Most answers are a plain no, which a comparison finds sooner than a table.
        table = self.variables.constant((words, ()), _table(words, ()))
        return choose(is_among(self.answer(name), others), NO, element(table, self.answer(name)))

    def _nature(self, question: Question) -> Nature:
        if not self.known:
            return Nature(plain=question.ask_when is None)
        if question.ask_when is None:
            return CONSTANT
        gate = self.judge(question.ask_when)
        self._gates[gate.follows_from] = gate
        return Nature(settled=True, sure=True, needs=frozenset([gate.follows_from]))

    def _where_it_applies(self, name: str, answered: ast.expr, truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
        """An answer may come where none is, and be lost where its question may turn out not to apply."""
        if (truth, wanted) in ((LEAST, False), (MOST, True)):
            return some([compare(self.answer(name), "is", NONE), answered])
        return every([self._applies(name), answered]) if truth != NOW else answered

    def _applies(self, name: str) -> ast.expr:
        gate = self.protocol.questions[name].ask_when
        return (
            YES
            if gate is None
            else self.variables.once(("applies", name), lambda: negation(self.judge(gate).is_false(LEAST)))
        )

    def answer(self, name: str) -> ast.expr:
        """The answer to a question; "not sure" for good where the question does not apply."""
        if self.known:
            return element(load("values"), constant(name))
        gate = self.protocol.questions[name].ask_when
        if name in self.read or gate is not None or not self.flags_are_found:
            return self._read_at_once(name, gate)
        # Most unfinished intakes are left at the flags: what only rules read is not fetched before.
        return self.variables.once(("given", name), lambda: call("get", constant(name)))

    def _read_at_once(self, name: str, gate: Condition | None) -> ast.expr:
        if name not in self.read:
            self.read[name] = f"a{len(self.read)}"
            if gate is not None:
                lost = assign([self.read[name]], constant(NOT_SURE_ANSWER))
                with self.variables.outside():
                    self.variables.body.extend(when(self.judge(gate).is_false(MOST), [lost]))
        return load(self.read[name])

    def quantity(self, name: str) -> CodedQuantity:
        if name not in self._quantities:
            self._quantities[name] = self._quantity_once(name, self._quantity(name))
        return self._quantities[name]

    def _quantity(self, name: str) -> CodedQuantity:
        match self.protocol.names[name]:
            case Instrument(items=items):
                return CodedQuantity.total([self.quantity(item) for item in items])
            case Level(steps=steps):
                return CodedQuantity.level([self.judge(step.when) for step in steps])
        return self._number(self.protocol.questions[name])

    def _number(self, question: Question) -> CodedQuantity:
        low, high = constant(question.low), constant(question.high)

        def end(truth: str, top: bool) -> ast.expr:  # noqa: FBT001
            given, furthest, nearest = self.answer(question.id), high if top else low, low if top else high
            if self.known:
                return given
            is_number = is_of_class(given, "int")
            if (truth, top) in ((LEAST, True), (MOST, False)):
                return choose(is_number, given, choose(compare(given, "is", NONE), nearest, furthest))
            kept = is_number if truth == NOW else every([is_number, self._applies(question.id)])
            return choose(kept, given, furthest)

        return CodedQuantity(question.id, end, self._nature(question))

    def compare(self, name: str, operator: str, number: int) -> CodedVerdict:
        return self.quantity(name).compare(operator, number)

    def differ(self, name: str, operator: str, other: str) -> CodedVerdict:
        return self.quantity(name).minus(self.quantity(other)).compare(operator, 0)

    def count(self, statements: Sequence[CodedVerdict], operator: str, number: int) -> CodedVerdict:
        counted = CodedQuantity.count(statements)
        return self._quantity_once(counted.key, counted).compare(operator, number)

    def flagged(self, levels: tuple[str, ...]) -> CodedVerdict:
        flags = [flag for flag in self.protocol.flags if flag.level in levels]
        return self._raised("flagged", [(flag.level, self.flags[flag.id]) for flag in flags])

    def unsure(self, levels: tuple[str, ...]) -> CodedVerdict:
        flags = [flag for flag in self.protocol.flags if flag.not_sure in levels]
        return self._raised("unsure", [(flag.not_sure, self.flags[flag.id].possible()) for flag in flags])

    def _raised(self, manner: str, raised: Sequence[tuple[Urgency, CodedVerdict]]) -> CodedVerdict:
        """Whether one of the flags is; as things stand now, a variable says so for each level."""
        together = _NEVER
        for _, judged in raised:
            together |= judged
        at = tuple(dict.fromkeys(raised_at(manner, level) for level, _ in raised))

        def rail(truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
            return some(map(load, at)) if truth == NOW and wanted else together.rail(truth, wanted)

        nature = Nature(settled=True) if self.flags_are_settled else together.nature
        return CodedVerdict((manner, at), rail, nature, only_if=at)

    def _any_study(self, fact: Fact) -> CodedVerdict:
        name = self.protocol.imaging_question
        nature = self._studies.nature(fact) & self._nature(self.protocol.questions[name])

        def rail(truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
            return self._where_it_applies(name, self._studies.together(fact, truth, wanted), truth, wanted)

        return CodedVerdict(fact.id, rail, nature)


def raised_at(manner: str, level: Urgency) -> str:
    """The variable that says whether some flag is present, or in doubt, at a level."""
    return f"{manner}_{LEVELS.index(level)}"


def _table(words: tuple[str, ...], others: tuple[str, ...]) -> dict[str, bool]:
    return {word: word in words for word in (*words, *others)}
