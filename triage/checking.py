"""What must hold between the tables of a protocol: every name, citation and action leads somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.conditions import Comparison, Condition, Count, Difference, OneOf, Raised, Reading, Statement
from triage.imaging import MAXIMUM_AGE, STUDY_AGE, STUDY_NAMES
from triage.instruments import Instrument
from triage.protocol import LEVELS, Disposition, Fact, Level, Protocol
from triage.questions import Question, QuestionType

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_CONDITIONS = 6  # between answers: each that is broken is looked at from three sides
# Several times what a large protocol holds.
_MOST = {
    "questions": 350,
    "flags": 300,
    "rules": 100,
    "facts": 200,
    "levels": 40,
    "instruments": 40,
    "actions": 300,
    "sections": 100,
    "sources": 500,
    "exclusions": 40,
    "texts": 200,
}
_MOST_OPTIONS = 100
_MOST_PAIRS = 1_000_000  # of the numbers of two questions that are compared
_LONGEST_CHAIN = 12  # of facts, levels and gates that lead to one another
_MOST_ALONE = 60_000  # numbers of all questions together
_LARGEST = 100_000  # of a number that is asked for: every one of them is looked at in proofs
# Where a question of each kind has its answers.
_OPTIONS = {QuestionType.CHOICE: "options", QuestionType.CHOICES: "options", QuestionType.SCALE: "scale"}


def check_references(protocol: Protocol) -> list[str]:
    """Every fault between the tables, each with its place and a plain sentence."""
    if crowded := list(_size_faults(protocol)):
        return crowded  # what follows takes time that grows faster than these
    circles = list(_circles(protocol)) or list(_long_chains(protocol))
    return [
        *circles,
        *_name_faults(protocol),
        *_question_faults(protocol),
        *_condition_faults(protocol),
        *_citation_faults(protocol),
        *_action_faults(protocol),
        *_flag_faults(protocol),
        *_outcome_faults(protocol),
        *_must_hold_faults(protocol),
    ]


def _size_faults(protocol: Protocol) -> Iterator[str]:
    """More of anything than a protocol that people can read: proofs and comparisons would have no end."""
    for name, most in _MOST.items():
        if len(getattr(protocol, name)) > most:
            yield f"{name}: more than {most}"
    for question in protocol.questions.values():
        if len(question.options) > _MOST_OPTIONS:
            yield f"questions[{question.id}].options: more than {_MOST_OPTIONS}"
    for place, conditions in {
        **{f"rules[{rule.id}]": rule.own_conditions for rule in protocol.rules},
        **{f"levels.{level.id}.steps": level.steps for level in protocol.levels.values()},
    }.items():
        if len(conditions) > _MOST_OPTIONS:
            yield f"{place}: more than {_MOST_OPTIONS} conditions"


def _each_alone(protocol: Protocol) -> Iterator[str]:
    """The questions of which every number counts for itself: those compared with others, and items of instruments."""
    for instrument in protocol.instruments.values():
        yield from instrument.items
    for _place, condition, _about in _conditions(protocol):
        for part in condition.walk():
            if isinstance(part, Difference):
                yield from part.names


def _conditions(protocol: Protocol) -> Iterator[tuple[str, Condition, str]]:
    """Every condition, with its place and what it is about: `intake`, `study` or `rule`."""
    for question in protocol.questions.values():
        if question.ask_when:
            yield f"questions[{question.id}].ask_when", question.ask_when, "intake"
    for fact in protocol.facts.values():
        place = f"imaging.facts.{fact.id}" if fact.per_study else f"facts.{fact.id}"
        yield f"{place}.when", fact.when, "study" if fact.per_study else "intake"
    for level in protocol.levels.values():
        for number, step in enumerate(level.steps):
            yield f"levels.{level.id}.steps[{number}].when", step.when, "intake"
    for flag in protocol.flags:
        yield f"flags[{flag.id}].when", flag.when, "intake"
    for exclusion in protocol.exclusions:
        if exclusion.when:
            yield f"exclusion[{exclusion.level}].when", exclusion.when, "intake"
    for text in protocol.texts:
        if text.when:
            yield f"texts[{text.id}].when", text.when, "intake"
    for each in protocol.must_hold:
        if each.when:
            yield f"must_hold[{each.id}].when", each.when, "intake"
    for rule in protocol.rules:
        place = f"rules[{rule.id}]"
        yield f"{place}.when", rule.when, "rule"
        for condition in rule.own_conditions:
            yield place, condition, "rule"


def _condition_faults(protocol: Protocol) -> Iterator[str]:
    for place, condition, about in _conditions(protocol):
        for fault in condition_faults(protocol, condition, about):
            yield f"{place}: {fault}"


def condition_faults(protocol: Protocol, condition: Condition, about: str = "intake") -> Iterator[str]:
    """What a condition says that cannot be said of patients of this protocol."""
    for part in condition.walk():
        yield from _node_faults(protocol, part, about)


def _node_faults(protocol: Protocol, node: Condition, about: str) -> Iterator[str]:
    match node:
        case Raised(manner=manner, levels=levels):
            if about != "rule":
                yield f"{manner}(...) may stand in a rule only"
            for level in levels:
                if level not in LEVELS:
                    yield f'"{level}" is not one of {", ".join(LEVELS)}'
        case OneOf(name=name, words=words):
            yield from _word_faults(protocol, name, words, about)
        case Comparison(name=name, number=number):
            yield from _number_faults(protocol, name, number, about)
        case Difference(name=name, other=other):
            if _numbers(protocol, name) * _numbers(protocol, other) > _MOST_PAIRS:
                yield f"{name} and {other} can be compared in more than {_MOST_PAIRS} ways"
            yield from _number_faults(protocol, name, None, about)
            yield from _number_faults(protocol, other, None, about)
        case Count(parts=parts, number=number):
            if not 0 <= number <= len(parts):
                yield f"a count lies between 0 and {len(parts)}, so comparing it with {number} says nothing"
        case Statement(name=name):
            named = protocol.names.get(name)
            if named is None:
                yield f'"{name}" is not a question, fact, level or instrument'
            elif isinstance(named, Question) and named.type is not QuestionType.TRI:
                yield f'"{name}" is not a yes/no question: compare it with something'
            elif isinstance(named, Level | Instrument):
                yield f'"{name}" is a number: compare it with one'


def _numbers(protocol: Protocol, name: str) -> int:
    """How many numbers a question takes."""
    named = protocol.names.get(name)
    return named.high - named.low + 1 if isinstance(named, Question) else 1


def _word_faults(protocol: Protocol, name: str, words: tuple[str, ...], about: str) -> Iterator[str]:
    allowed = STUDY_NAMES.get(name, ()) if about == "study" else ()
    named = protocol.names.get(name)
    if isinstance(named, Question) and named.type is QuestionType.CHOICE:
        allowed = tuple(option.value for option in named.options)
    if not allowed:
        yield f'"{name}" is not a choice that can be read here'
        return
    for word in words:
        if word not in allowed:
            yield f'"{word}" is not an answer to {name}, which takes {", ".join(allowed)}'


def _number_faults(protocol: Protocol, name: str, number: int | None, about: str) -> Iterator[str]:
    named = protocol.names.get(name)
    if about == "study" and name == STUDY_AGE:
        low, high = 0, MAXIMUM_AGE
    elif isinstance(named, Question) and named.type.is_number:
        low, high = named.low, named.high
    elif isinstance(named, Level):
        low, high = 0, len(named.steps)
    elif isinstance(named, Instrument):
        low, high = 0, named.maximum
    else:
        yield f'"{name}" is not a number'
        return
    if number is not None and not low <= number <= high:
        yield f"{name} lies between {low} and {high}, so comparing it with {number} says nothing"


def _name_faults(protocol: Protocol) -> Iterator[str]:
    named = [*protocol.questions, *protocol.facts, *protocol.levels, *protocol.instruments]
    for name in protocol.names:
        if named.count(name) > 1:
            yield f'"{name}" names more than one thing'
        if name in (*STUDY_NAMES, STUDY_AGE):
            yield f'"{name}" is a name of studies and cannot be given to anything else'


def _question_faults(protocol: Protocol) -> Iterator[str]:
    sections = {section.id for section in protocol.sections}
    for question in protocol.questions.values():
        place = f"questions[{question.id}]"
        if question.section not in sections:
            yield f'{place}.section: "{question.section}" is not a section'
        if question.safety and question.ask_when is not None:
            yield f"{place}.ask_when: a safety question is always asked and cannot be hidden"
        if question.type in _OPTIONS and not question.options:
            yield f"{place}.{_OPTIONS[question.type]}: names no answers"
        elif question.low > question.high:
            yield f"{place}.min: is above max"
        elif question.high > _LARGEST or question.low < -_LARGEST:
            yield f"{place}: takes numbers beyond {_LARGEST}"
        yield from _interval_faults(protocol, question)
        yield from _lasting_faults(protocol, question)
        if question.days_since:
            start = protocol.questions.get(question.days_since)
            if start is None or start.type is not QuestionType.DATE:
                yield f'{place}.days_since: "{question.days_since}" is not a date question'
    alone = [protocol.questions[name] for name in {*_each_alone(protocol)} if name in protocol.questions]
    if sum(each.high - each.low + 1 for each in alone) > _MOST_ALONE:
        yield f"questions: more than {_MOST_ALONE} numbers are compared with others or stand in instruments"
    studies = protocol.questions.get(protocol.imaging_question)
    needed = protocol.imaging_question or any(fact.per_study for fact in protocol.facts.values())
    if needed and (studies is None or studies.type is not QuestionType.STUDIES):
        yield f'imaging.question: "{protocol.imaging_question}" is not a question of type studies'
    yield from _instrument_faults(protocol)


def _interval_faults(protocol: Protocol, question: Question) -> Iterator[str]:
    """A safety answer is exact, and days are counted from a day."""
    if not question.interval:
        return
    place = f"questions[{question.id}].interval"
    if question.type is not QuestionType.INTEGER:
        yield f"{place}: only a whole number can be an interval"
    if question.safety or question.days_since:
        yield f"{place}: the answer to a safety question, or a number of days since a date, is exact"


def _lasting_faults(protocol: Protocol, question: Question) -> Iterator[str]:
    """What may be brought into the next intake unasked: nothing that tells how somebody is today."""
    if question.lasting and (question.safety or not _may_last(protocol, question)):
        yield f"questions[{question.id}].lasting: a safety question, a symptom or a measure of today is asked afresh"


def _may_last(protocol: Protocol, question: Question) -> bool:
    """A day that no days are counted from, an age, a list of studies, or a choice on which nothing hangs."""
    if question.type is QuestionType.DATE:
        return all(each.days_since != question.id for each in protocol.questions.values())
    if question.type in (QuestionType.CHOICE, QuestionType.CHOICES):
        return all(question.id not in read for read in protocol.read_by.values())
    is_age = question.type is QuestionType.INTEGER and question.unit == "years"
    return is_age or question.type is QuestionType.STUDIES


def _must_hold_faults(protocol: Protocol) -> Iterator[str]:
    """It stands between two answers as they are given; a safety answer always counts, so nothing contradicts one."""
    if sum(each.when is not None for each in protocol.must_hold) > _MOST_CONDITIONS:
        yield f"must_hold: has more than {_MOST_CONDITIONS} conditions"
    for each in protocol.must_hold:
        place = f"must_hold[{each.id}]"
        asked = [protocol.questions[name] for name in each.questions if name in protocol.questions]
        if len(asked) < 2:
            yield f"{place}: has to name exactly two questions, none of them by way of a fact"
        elif each.when is None and asked[0].type is not QuestionType.INTEGER:
            yield f'{place}.after_birth: "{each.questions[0]}" is not a whole number'
        elif each.when is None and not _tells_a_time(asked[1]):
            yield f'{place}.after_birth: "{each.questions[1]}" tells no time: it is no date, days or list of studies'
        if any(question.safety for question in asked):
            yield f"{place}: a safety answer always counts, so nothing can contradict it"
        if each.when is not None and any(isinstance(part, Reading | Raised) for part in each.when.walk()):
            yield f"{place}.when: speaks of answers as they are given, not of how an unknown one is taken"


def _tells_a_time(question: Question) -> bool:
    return question.is_time or question.type in (QuestionType.DATE, QuestionType.STUDIES)


def _instrument_faults(protocol: Protocol) -> Iterator[str]:
    for instrument in protocol.instruments.values():
        for item in (*instrument.items, *filter(None, [instrument.total])):
            question = protocol.questions.get(item)
            if question is None or not question.type.is_number:
                yield f'instruments[{instrument.id}]: "{item}" is not a question with a number'


def unreliable_citations(protocol: Protocol) -> dict[str, list[str]]:
    """Where each withdrawn or expired source is cited; nothing that relies on one is published unless waived."""
    found: dict[str, list[str]] = {}
    for place, cites, _needed in _citations(protocol):
        for cite in cites:
            if protocol.sources[cite].status in ("withdrawn", "expired"):
                found.setdefault(cite, []).append(place)
    return found


def _citations(protocol: Protocol) -> list[tuple[str, tuple[str, ...], bool]]:
    """What cites what, and whether it has to cite something."""
    return [
        *((f"flags[{each.id}]", each.cites, True) for each in protocol.flags),
        *((f"rules[{each.id}]", each.cites, True) for each in protocol.rules),
        *((f"facts.{each.id}", each.cites, True) for each in protocol.facts.values()),
        *((f"levels.{each.id}", each.cites, True) for each in protocol.levels.values()),
        *((f"instruments[{each.id}]", each.cites, True) for each in protocol.instruments.values()),
        *((f"texts[{each.id}]", each.cites, False) for each in protocol.texts),
        ("incomplete", protocol.incomplete.cites, True),
        ("protocol", protocol.cites, True),
    ]


def _citation_faults(protocol: Protocol) -> Iterator[str]:
    for place, cites, needed in _citations(protocol):
        if needed and not cites:
            yield f"{place}.cites: cites no source and no assumption"
        for cite in cites:
            if cite not in protocol.sources:
                yield f'{place}.cites: "{cite}" is not a source or an assumption'


def _action_faults(protocol: Protocol) -> Iterator[str]:
    used = [("incomplete.actions", protocol.incomplete.actions)]
    for flag in protocol.flags:
        used.append((f"flags[{flag.id}].actions", flag.actions))
        used.append((f"flags[{flag.id}].not_sure_actions", flag.not_sure_actions))
        if not flag.actions or not flag.not_sure_actions:
            yield f"flags[{flag.id}].actions: names no next step for yes, or none for not sure"
    for rule in protocol.rules:
        used.append((f"rules[{rule.id}].actions", tuple(task.action for task in rule.actions)))
    for place, actions in used:
        for action in actions:
            if action not in protocol.actions:
                yield f'{place}: "{action}" is not an action'


def _flag_faults(protocol: Protocol) -> Iterator[str]:
    for flag in protocol.flags:
        if LEVELS.index(flag.not_sure) < LEVELS.index(flag.level):
            yield f"flags[{flag.id}].not_sure: is more urgent than the flag's own level"


def _outcome_faults(protocol: Protocol) -> Iterator[str]:
    """Every outcome closes the loop: a time for review and a safety net."""
    for rule in protocol.rules:
        if rule.review_days < 1:
            yield f"rules[{rule.id}].review_days: must be at least 1"
    if protocol.incomplete.review_days < 1:
        yield "incomplete.review_days: must be at least 1"
    always = [text for text in protocol.texts if text.kind == "safety_net" and text.when is None]
    for disposition in Disposition:
        if not any(disposition in text.dispositions for text in always):
            yield f"texts: no safety net goes with {disposition} always"


def _circles(protocol: Protocol) -> Iterator[str]:
    """Facts, levels and questions' `ask_when` that come back to themselves."""
    behind = {name: set(_names_in(named)) for name, named in protocol.names.items()}
    for name, direct in behind.items():
        reached, ahead = set(), list(direct)
        while ahead:
            following = ahead.pop()
            if following not in reached:
                reached.add(following)
                ahead.extend(behind.get(following, ()))
        if name in reached:
            yield f'"{name}" refers to itself in a circle'


def _long_chains(protocol: Protocol) -> Iterator[str]:
    """Where there is no circle: what takes too many steps down to an answer."""
    behind = {name: set(_names_in(named)) for name, named in protocol.names.items()}
    layer = set(behind)
    for _ in range(_LONGEST_CHAIN):
        layer = {inner for name in layer for inner in behind.get(name, ())}
    if layer:
        yield f"more than {_LONGEST_CHAIN} facts, levels and questions lead to one another, down to {min(layer)}"


def _names_in(named: Question | Fact | Level | Instrument) -> Iterator[str]:
    conditions: list[Condition | None] = []
    match named:
        case Question(ask_when=when):
            conditions = [when]
        case Fact(when=when):
            conditions = [when]
        case Level(steps=steps):
            conditions = [step.when for step in steps]
        case Instrument(items=items):
            yield from items
    for condition in conditions:
        for part in condition.walk() if condition else ():
            yield from part.names
