"""A condition as sentences that a clinician reads: what has to be so, in the words of the protocol's own form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatchmethod
from typing import TYPE_CHECKING

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import spoken
from triage.conditions import And, Comparison, Condition, Count, Difference, Not, OneOf, Or, Raised, Reading, Statement
from triage.instruments import Instrument
from triage.protocol import Fact, Level, Urgency
from triage.questions import Question, QuestionType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

    from triage.protocol import Protocol

BY_WHEN: Mapping[str, _StrPromise] = {
    Urgency.NOW: gettext_lazy("at once"),
    Urgency.SAME_DAY: gettext_lazy("the same day"),
    Urgency.SEVEN_DAYS: gettext_lazy("within 7 days"),
    Urgency.FOURTEEN_DAYS: gettext_lazy("within 14 days"),
    Urgency.SOON: gettext_lazy("soon, within 14 days"),
    Urgency.ROUTINE: gettext_lazy("routine, within 6 weeks"),
    Urgency.NONE: gettext_lazy("no set time"),
}
_STUDY_FIELDS: Mapping[str, _StrPromise] = {
    "study_modality": gettext_lazy("kind of the study"),
    "study_region": gettext_lazy("region of the study"),
    "study_status": gettext_lazy("state of the study"),
    "study_reason": gettext_lazy("reason for the study"),
    "study_class": gettext_lazy("class of the report"),
    "study_concordance": gettext_lazy("whether the report fits the pain"),
    "study_urgency": gettext_lazy("urgency that the report states"),
    "study_age_days": gettext_lazy("age of the study in days"),
}
_OPERATORS: Mapping[str, _StrPromise] = {
    "<": gettext_lazy("less than %(number)s"),
    "<=": gettext_lazy("at most %(number)s"),
    ">": gettext_lazy("more than %(number)s"),
    ">=": gettext_lazy("at least %(number)s"),
    "==": gettext_lazy("exactly %(number)s"),
}
_COUNTS: Mapping[str, _StrPromise] = {
    "<": gettext_lazy("Fewer than %(number)s of these"),
    "<=": gettext_lazy("At most %(number)s of these"),
    ">": gettext_lazy("More than %(number)s of these"),
    ">=": gettext_lazy("At least %(number)s of these"),
    "==": gettext_lazy("Exactly %(number)s of these"),
}
_MANNERS: Mapping[str, _StrPromise] = {
    "certain": gettext_lazy("%(said)s (not sure counts as no)"),
    "possible": gettext_lazy("%(said)s (not sure counts as yes)"),
    "presumed": gettext_lazy("%(said)s (taken to be so until it is answered no)"),
}
# What is not so: of one thing, of any of several, of several together. By how the thing itself is read: "not certain"
# and "certainly not" are two things, and "possibly not" is the first of them.
_DENIALS: Mapping[str, tuple[_StrPromise, _StrPromise, _StrPromise]] = {
    "": (gettext_lazy("not so: %(said)s"), gettext_lazy("None of these"), gettext_lazy("Not all of these")),
    "certain": (
        gettext_lazy("not so, or not sure: %(said)s"),
        gettext_lazy("None of these is certain"),
        gettext_lazy("Not all of these are certain"),
    ),
    "possible": (
        gettext_lazy("certainly not so: %(said)s"),
        gettext_lazy("Certainly none of these"),
        gettext_lazy("Certainly not all of these"),
    ),
    "presumed": (
        gettext_lazy("answered no: %(said)s"),
        gettext_lazy("All of these answered no"),
        gettext_lazy("At least one of these answered no"),
    ),
}
_SAME_DENIAL = {"certain": "possible", "possible": "certain"}  # certain(not a) is not possible(a)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence; where it has parts, it says how many of them have to be so."""

    text: str
    parts: tuple[Said, ...] = ()


class Sentences:
    """Says the conditions of one protocol, which has been told in the reader's language."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def say(self, condition: Condition) -> Said:
        said = self._say(condition)
        return Said(capfirst(said.text), said.parts)

    @singledispatchmethod
    def _say(self, condition: Condition) -> Said:
        raise TypeError(f"no words for {condition!r}")

    @_say.register
    def _statement(self, condition: Statement) -> Said:
        named = self._protocol.names[condition.name]
        if isinstance(named, Fact):
            return Said(named.means)
        return Said(f"{self._asked(condition.name)} {_('Yes')}")

    @_say.register
    def _comparison(self, condition: Comparison) -> Said:
        number = {"number": self._number(condition.name, condition.number)}
        return Said(f"{self._asked(condition.name)} {_OPERATORS[condition.operator] % number}")

    @_say.register
    def _difference(self, condition: Difference) -> Said:
        other = _("the answer to “%(question)s”") % {"question": self._name(condition.other)}
        return Said(f"{self._asked(condition.name)} {_OPERATORS[condition.operator] % {'number': other}}")

    @_say.register
    def _one_of(self, condition: OneOf) -> Said:
        words = _(" or ").join(self._word(condition.name, word) for word in condition.words)
        return Said(f"{self._asked(condition.name)} {words}")

    @_say.register
    def _raised(self, condition: Raised) -> Said:
        by = {"when": _(" or ").join(str(BY_WHEN[level]) for level in condition.levels)}
        if condition.manner == "flagged":
            return Said(_("a red flag is present that asks for action %(when)s") % by)
        return Said(_("a red flag is in doubt, and the doubt asks for action %(when)s") % by)

    @_say.register
    def _not(self, condition: Not) -> Said:
        match condition.part:
            case Reading(manner=manner, part=part):
                return self._denied(manner, part)
            case Statement(name=name) if isinstance(self._protocol.names[name], Question):
                return Said(f"{self._asked(name)} {_('No')}")
        return self._denied("", condition.part)

    def _denied(self, manner: str, condition: Condition) -> Said:
        one, any_of, together = _DENIALS[manner]
        match condition:
            case Or(parts=parts):
                return Said(str(any_of), self._parts(parts))
            case And(parts=parts):
                return Said(str(together), self._parts(parts))
        inner = self._say(condition)
        return Said(one % {"said": inner.text}, inner.parts)

    @_say.register
    def _and(self, condition: And) -> Said:
        return Said(_("All of these"), self._parts(condition.parts))

    @_say.register
    def _or(self, condition: Or) -> Said:
        return Said(_("At least one of these"), self._parts(condition.parts))

    @_say.register
    def _count(self, condition: Count) -> Said:
        return Said(_COUNTS[condition.operator] % {"number": condition.number}, self._parts(condition.parts))

    @_say.register
    def _reading(self, condition: Reading) -> Said:
        if isinstance(condition.part, Not) and condition.manner in _SAME_DENIAL:
            return self._denied(_SAME_DENIAL[condition.manner], condition.part.part)
        inner = self._say(condition.part)
        return Said(_MANNERS[condition.manner] % {"said": inner.text}, inner.parts)

    def _parts(self, conditions: tuple[Condition, ...]) -> tuple[Said, ...]:
        return tuple(self.say(each) for each in conditions)

    def _asked(self, name: str) -> str:
        """The name in front of what it has to be: a question asks, anything else is followed by a colon."""
        said = self._name(name)
        return said if said.endswith("?") else f"{said}:"

    def _name(self, name: str) -> str:
        match self._protocol.names.get(name):
            case Question(text=text):
                return text
            case Level(means=means):
                return means
            case Instrument(name=title):
                return title
        return str(_STUDY_FIELDS[name])

    def _number(self, name: str, number: int) -> str:
        """A number with what it stands for: the label of a scale, the step of a level, the unit of an answer."""
        match self._protocol.names.get(name):
            case Question(type=QuestionType.SCALE, options=options) if number < len(options):
                return f"{number} ({options[number].label})"
            case Question(unit=unit) if unit:
                return f"{number} {unit}"
            case Level(steps=steps) if 0 < number <= len(steps):
                return f"{number} ({steps[number - 1].means})"
        return str(number)

    def _word(self, name: str, word: str) -> str:
        named = self._protocol.names.get(name)
        if isinstance(named, Question):
            return next(option.label for option in named.options if option.value == word)
        return spoken.study(word)
