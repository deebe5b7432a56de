"""Every reason for a decision in the words of the explanation, for as many decisions as a benchmark makes."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from triage.compiled import Decision
from triage.explanation import say
from triage.facts import Value
from triage.protocol import LEVELS, Disposition, Flag, Protocol, Rule

Reason = dict[str, Any]
_ORDER = {level: number for number, level in enumerate(LEVELS)}


class Rationale:
    """What is the same in every reason is put into words once; only what was answered is added."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        flags, rules, read_by = protocol.flags, protocol.rules, protocol.read_by
        self._present = {each.id: self._reason("flag", each, each.level, "present") for each in flags}
        self._unsure = {each.id: self._reason("flag", each, each.not_sure, "unsure") for each in flags}
        self._rules = {each.id: self._reason("rule", each, each.urgency, "present") for each in rules}
        self._rules[""] = self._incomplete()
        self._read = {
            (kind, name): ids for kind, _, name, ids in ((*key.partition(":"), ids) for key, ids in read_by.items())
        }
        self._said = cache(self._say)

    def _reason(self, kind: str, why: Flag | Rule, level: str, state: str) -> Reason:
        named = {"kind": kind, "id": why.id, "title": why.title, "level": str(level), "state": state}
        return {**named, "text": why.because, "read": [], "cites": self._cites(why.cites)}

    def _incomplete(self) -> Reason:
        title, words = self._protocol.dispositions[Disposition.INCOMPLETE].title, self._protocol.incomplete
        named = {"kind": "rule", "id": "incomplete", "title": title, "level": "none", "state": "present"}
        return {**named, "text": words.because, "read": [], "cites": self._cites(words.cites)}

    def _cites(self, ids: tuple[str, ...]) -> list[dict[str, str]]:
        sources = [self._protocol.sources[each] for each in ids]
        return [{"id": each.id, "citation": each.citation, "status": each.status} for each in sources]

    def because(self, decision: Decision, values: Mapping[str, Value]) -> list[Reason]:
        """Every flag that acts, the most urgent first, then the rule."""
        found = [self._present[name] for name in decision.present]
        if decision.unsure:
            found += [self._unsure[name] for name in decision.unsure]
            found.sort(key=lambda reason: _ORDER[reason["level"]])
        found.append(self._rules[decision.rule])
        return [{**reason, "read": self._answers(reason["kind"], reason["id"], values)} for reason in found]

    def _answers(self, kind: str, name: str, values: Mapping[str, Value]) -> list[dict[str, str]]:
        said, listed = self._said, []
        for each in self._read.get((kind, name), ()):
            value = values.get(each)
            if value is not None:
                listed.append(said(each, value) if value.__class__ is not tuple else self._say(each, value))
        return listed

    def _say(self, name: str, value: Value) -> dict[str, str]:
        question = self._protocol.questions[name]
        return {"question": name, "text": question.text, "answer": say(question, value)}
