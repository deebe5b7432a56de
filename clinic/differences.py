"""What two versions of a protocol say otherwise, in the reader's language: entry by entry, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import spoken
from clinic.sentences import BY_WHEN, Said, Sentences
from triage.conditions import Condition
from triage.instruments import Band
from triage.protocol import Disposition, Permit, Protocol, Recommendation, Service, Step, Task, Urgency
from triage.questions import Option
from triage.rewording import Detail, Rewording, rewordings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.utils.functional import _StrPromise

_PARTS: Mapping[str, _StrPromise] = {
    "protocol": gettext_lazy("The protocol"),
    "questions": gettext_lazy("Question"),
    "flags": gettext_lazy("Flag"),
    "rules": gettext_lazy("Rule"),
    "texts": gettext_lazy("Text for patients"),
    "facts": gettext_lazy("Meaning of a word"),
    "levels": gettext_lazy("Meaning of a word"),
    "instruments": gettext_lazy("Questionnaire"),
    "actions": gettext_lazy("Action"),
    "exclusions": gettext_lazy("Limit"),
    "sections": gettext_lazy("Section"),
    "dispositions": gettext_lazy("Outcome"),
    "services": gettext_lazy("Service"),
    "sources": gettext_lazy("Source"),
    "must_hold": gettext_lazy("What must hold between answers"),
    "incomplete": gettext_lazy("While no rule may decide"),
}
_FIELDS: Mapping[str, _StrPromise] = {
    "text": gettext_lazy("Text"),
    "title": gettext_lazy("Title"),
    "summary": gettext_lazy("Summary"),
    "name": gettext_lazy("Name"),
    "hint": gettext_lazy("Hint"),
    "intro": gettext_lazy("Introduction"),
    "means": gettext_lazy("Meaning"),
    "because": gettext_lazy("Because"),
    "when": gettext_lazy("Only where"),
    "ask_when": gettext_lazy("Asked where"),
    "steps": gettext_lazy("Steps"),
    "type": gettext_lazy("Type of answer"),
    "options": gettext_lazy("Answers"),
    "low": gettext_lazy("At least"),
    "high": gettext_lazy("At most"),
    "unit": gettext_lazy("Unit"),
    "interval": gettext_lazy("May be uncertain"),
    "lasting": gettext_lazy("Outlasts the spell"),
    "safety": gettext_lazy("Safety question"),
    "asked_by": gettext_lazy("For whom to answer"),
    "section": gettext_lazy("Section"),
    "group": gettext_lazy("Group"),
    "level": gettext_lazy("By when"),
    "not_sure": gettext_lazy("By when, where nobody is sure"),
    "urgency": gettext_lazy("By when"),
    "disposition": gettext_lazy("Outcome"),
    "dispositions": gettext_lazy("Outcomes"),
    "at_once": gettext_lazy("At once, whatever is open above it"),
    "actions": gettext_lazy("Actions"),
    "not_sure_actions": gettext_lazy("Actions, where nobody is sure"),
    "referrals": gettext_lazy("Referrals"),
    "permits": gettext_lazy("Referrals that may go ahead"),
    "allows": gettext_lazy("Referrals that may go ahead"),
    "review_days": gettext_lazy("Review after days"),
    "who": gettext_lazy("Who"),
    "items": gettext_lazy("Items"),
    "bands": gettext_lazy("Bands"),
    "cites": gettext_lazy("Sources"),
    "hazards": gettext_lazy("Hazards"),
    "says": gettext_lazy("Text"),
    "citation": gettext_lazy("Citation"),
    "use": gettext_lazy("Used for"),
    "status": gettext_lazy("Status"),
    "checked_on": gettext_lazy("Checked on"),
    "review_due": gettext_lazy("Review due"),
    "fresh_days": gettext_lazy("Days after which safety answers are asked again"),
    "signed_off": gettext_lazy("Signed off by a clinician"),
    "order": gettext_lazy("Order in which they decide"),
}
_NAMES = ("title", "name", "text", "citation", "means", "because", "says")  # by which a reader knows an entry


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that an entry says, before and after."""

    label: str
    old: tuple[Said, ...]
    new: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that is added, removed or changed."""

    part: str
    name: str
    id: str
    what: str
    lines: tuple[Line, ...]


def differences(old: Protocol, new: Protocol) -> list[Difference]:
    """Every other wording: found in the language of the protocols themselves, told in the reader's."""
    sides = _Side(old), _Side(new)
    return [_difference(each, *sides) for each in rewordings(old, new)]


def _difference(found: Rewording, before: _Side, after: _Side) -> Difference:
    entry = found.old if found.new is None else found.new
    name = next((getattr(entry, each) for each in _NAMES if getattr(entry, each, "")), found.id)
    lines = tuple(
        Line(str(_FIELDS.get(each.name, each.name)), before.told(each.name, each.old), after.told(each.name, each.new))
        for each in map(_apart, found.details or tuple(_whole(found)))
    )
    return Difference(str(_PARTS[found.part]), spoken.text(name), found.id, _what(found), lines)


def _what(found: Rewording) -> str:
    if found.old is None:
        return _("Added")
    return _("Removed") if found.new is None else _("Changed")


def _apart(found: Detail) -> Detail:
    """Of two lists, what the other does not hold; both whole where it is their order that decides."""
    old, new = found.old, found.new
    if not isinstance(old, tuple) or not isinstance(new, tuple) or found.name == "order":
        return found
    gone, added = (tuple(each for each in one if each not in other) for one, other in ((old, new), (new, old)))
    return Detail(found.name, gone, added) if gone or added else found


def _whole(found: Rewording) -> Iterator[Detail]:
    """Everything that an entry says which is there in one version alone."""
    entry = found.old if found.new is None else found.new
    for each in fields(entry):
        said = getattr(entry, each.name)
        if each.name != "id" and said not in ("", (), None, {}):
            yield Detail(each.name, *((said, None) if found.new is None else (None, said)))


def advised(protocol: Protocol, disposition: str, urgency: str) -> str:
    """An outcome and by when, in the words of a protocol told in the reader's language."""
    return f"{protocol.dispositions[Disposition(disposition)].title}, {BY_WHEN[Urgency(urgency)]}"


class _Side:
    """Says what stands in one of the versions."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = spoken.told(protocol)
        self._sentences = Sentences(self._protocol)

    def told(self, name: str, value: Any) -> tuple[Said, ...]:
        """What is said under the name of a field; nothing where it says nothing."""
        if value is None or value == "":
            return ()
        if name in ("actions", "not_sure_actions"):
            return tuple(self._task(each) for each in value)
        if name == "order":
            titles = {each.id: each.title for each in self._protocol.rules}
            return tuple(Said(titles[each]) for each in value)
        values = value if isinstance(value, tuple) else (value,)
        return tuple(self._say(each) for each in values)

    def _task(self, task: Any) -> Said:
        action = self._protocol.actions[task.action if isinstance(task, Task) else task]
        return self._only_where(f"{action.text} ({action.who})", getattr(task, "when", None))

    def _only_where(self, text: str, when: Condition | None) -> Said:
        return Said(text) if when is None else Said(f"{text} {_('Only where')}", (self._sentences.say(when),))

    @singledispatchmethod
    def _say(self, value: Any) -> Said:
        return Said(spoken.text(str(value)))

    @_say.register
    def _condition(self, value: Condition) -> Said:
        return self._sentences.say(value)

    @_say.register
    def _truth(self, value: bool) -> Said:  # noqa: FBT001
        return Said(_("Yes") if value else _("No"))

    @_say.register
    def _day(self, value: date) -> Said:
        return Said(date_format(value))

    @_say.register
    def _urgency(self, value: Urgency) -> Said:
        return Said(str(BY_WHEN[value]))

    @_say.register
    def _outcome(self, value: Disposition) -> Said:
        return Said(self._protocol.dispositions[value].title)

    @_say.register
    def _service(self, value: Service) -> Said:
        return Said(self._protocol.services[value].title)

    @_say.register
    def _referral(self, value: Recommendation) -> Said:
        title = self._protocol.services[value.service].title
        return self._only_where(f"{title}: {BY_WHEN[value.priority]}", value.when)

    @_say.register
    def _permit(self, value: Permit) -> Said:
        return self._only_where(self._protocol.services[value.service].title, value.when)

    @_say.register
    def _step(self, value: Step) -> Said:
        return Said(spoken.text(value.means), (self._sentences.say(value.when),))

    @_say.register
    def _option(self, value: Option) -> Said:
        return Said(spoken.text(value.label))

    @_say.register
    def _band(self, value: Band) -> Said:
        return Said(f"{value.start}: {spoken.text(value.label)}")

    @_say.register
    def _table(self, value: Mapping) -> Said:  # type: ignore[type-arg]  # dispatch is by the bare class
        return Said(", ".join(f"{key} {said}" for key, said in value.items()))
