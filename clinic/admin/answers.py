"""Answers in the words of the protocol's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from clinic import spoken
from triage.saying import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer as a line of a table."""

    question: str
    answer: str
    source: str
    at: str


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """The words that one protocol has for questions and answers."""

    protocol: Protocol

    def question(self, name: str) -> str:
        found = self.protocol.questions.get(name)
        return found.text if found else name

    def say(self, name: str, entry: Mapping[str, Any] | None) -> str:
        """A stored answer, and what another source says otherwise."""
        if entry is None:
            return _("Not asked")
        said = self._value(name, entry.get("value"))
        disputed = entry.get("disputes")
        if not disputed:
            return said
        other = self._value(name, disputed.get("value"))
        return _("%(answer)s (another source: %(other)s)") % {"answer": said, "other": other}

    def table(self, answers: Mapping[str, Any]) -> Iterator[Answered]:
        """All answers, in the order in which they are asked."""
        for name in self.protocol.questions:
            if name in answers:
                entry = answers[name]
                yield Answered(self.question(name), self.say(name, entry), entry.get("source", ""), entry.get("at", ""))

    def _value(self, name: str, value: Any) -> str:
        question = self.protocol.questions.get(name)
        if question is None:
            return str(value)
        return spoken.answer(say(question, tuple(value) if isinstance(value, list) else value))
