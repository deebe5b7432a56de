"""Two versions are compared over all intakes: counted out by asking the engine about every one of them."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.triage.goldens import PROTOCOL
from tests.triage.small import ON
from triage.comparison import Change, Comparison, compare
from triage.domains import variables
from triage.engine import Evaluation, evaluate
from triage.explanation import headline
from triage.facts import check_answers
from triage.patient_view import PatientView
from triage.protocol import Disposition, Protocol, Urgency
from triage.questions import Question, QuestionType
from triage.reading import read_protocol
from triage.wire import write_json

SOURCE = (Path(__file__).parent / "tiny.toml").read_text()
STUDY = {"modality": "mri", "region": "lumbar", "status": "reported"}
STUDIES = [
    {**STUDY, "class": "serious_pathology"},
    {**STUDY, "class": "significant_structural"},
    {**STUDY, "status": "requested"},
    {**STUDY, "class": "age_related"},
]
WEIGHT = """
[[questions]]
id = "weight_loss"
section = "all"
text = "Losing weight?"
type = "tri"

[[flags]]
id = "weight"
title = "Weight loss"
group = "Cancer"
when = "weight_loss and days >= 2"
level = "24h"
not_sure = "14d"
actions = ["same_day"]
not_sure_actions = ["tell_gp"]
because = "It may be cancer."
cites = ["R1"]
"""
WAITING = """
[imaging.facts.scan_waiting]
when = 'study_status == "requested"'
means = "a study is not reported yet"
cites = ["R1"]

[[rules]]
id = "waiting"
title = "A scan is awaited"
when = "scan_waiting"
disposition = "hold_imaging"
urgency = "routine"
review_days = 14
because = "The report is awaited."
cites = ["R1"]
"""


def without(kind: str, name: str) -> tuple[str, str]:
    """What to take out of the text, and what to put there: nothing."""
    entry = next(each for each in SOURCE.split("\n\n") if each.startswith(f'[[{kind}]]\nid = "{name}"'))
    return entry, ""


EDITS: dict[str, list[tuple[str, str]]] = {
    "nothing": [],
    "a threshold": [("certain(mood >= 2)", "certain(mood >= 3)")],
    "a flag removed": [without("flags", "fever")],
    "a doubt that nothing looks at": [
        (
            'not_sure = "14d"\nactions = ["same_day"]\nnot_sure_actions = ["tell_gp"]\nbecause = "It may',
            'not_sure = "7d"\nactions = ["same_day"]\nnot_sure_actions = ["tell_gp"]\nbecause = "It may',
        )
    ],
    "another priority": [('priority = "routine" }', 'priority = "soon" }')],
    "another service": [
        (
            '{ service = "physiotherapy", priority = "routine" }',
            '{ service = "physiotherapy", priority = "routine" }, { service = "cbt", priority = "routine" }',
        )
    ],
    "another action": [
        (
            'actions = ["same_day"]\nnot_sure_actions = ["tell_gp"]\nbecause = "It may',
            'actions = ["same_day", "tell_gp"]\nnot_sure_actions = ["tell_gp"]\nbecause = "It may',
        )
    ],
    "a question more": [("[imaging]\n", f"{WEIGHT}\n[imaging]\n")],
    "a question less": [without("questions", "leg"), (" or leg'", "'")],
    "a wider range": [("max = 4", "max = 6"), ("days >= 3", "days >= 5")],
    "a range that begins later": [("min = 0\nmax = 4", "min = 2\nmax = 6")],
    "an option more": [
        ('{ value = "buttock"', '{ value = "neck", label = "Neck" },\n  { value = "buttock"'),
        (" or leg'", """ or leg or site == "neck"'"""),
    ],
    "an option less": [
        ('  { value = "thoracic", label = "Upper back" },\n', ""),
        (" or leg'", """ or leg or site == "lumbar"'"""),
    ],
    "another type of answer": [
        (
            'text = "A fever?"\ntype = "tri"\nsafety = true',
            'text = "A fever?"\ntype = "choice"\noptions = [{ value = "none", label = "No" }, { value = "high", label = "High" }]',
        ),
        ('when = "fever"', """when = 'fever == "high"'"""),
    ],
    "another meaning of a study": [
        ('study_class == "serious_pathology"', 'study_class in ("serious_pathology", "significant_structural")')
    ],
    "another fact about studies": [('[[actions]]\nid = "same_day"', f'{WAITING}\n[[actions]]\nid = "same_day"')],
    "no studies": [
        without("flags", "scan"),
        (
            '[imaging.facts.scan_serious]\nwhen = \'study_status == "reported" and study_class == "serious_pathology"\'\nmeans = "a study shows serious pathology"\ncites = ["R1"]',
            "",
        ),
        ('[[questions]]\nid = "imaging"\nsection = "all"\ntext = "Which scans?"\ntype = "studies"', ""),
        ('[imaging]\nquestion = "imaging"', ""),
    ],
}


@cache
def edited(*edits: tuple[str, str]) -> Protocol:
    source = SOURCE
    for before, after in edits:
        assert before in source, before
        source = source.replace(before, after)
    return read_protocol(source.encode())


def versions(name: str) -> tuple[Protocol, Protocol]:
    return edited(), edited(*EDITS[name])


@cache
def compared(name: str) -> Comparison:
    return compare(*versions(name))


class Asked(NamedTuple):
    """A question by its id in each version; empty where that one does not read it."""

    old: str
    new: str
    answers: list[Any]


def answers_to(question: Question) -> list[Any]:
    match question.type:
        case QuestionType.TRI:
            return ["yes", "no", "not_sure"]
        case QuestionType.CHOICE:
            return [*(option.value for option in question.options), "not_sure"]
    return [*range(question.low, question.high + 1), "not_sure"]


def all_asked(old: Protocol, new: Protocol) -> Iterator[Asked]:
    before, after = ({each.name for each in variables(version)} & set(version.questions) for version in (old, new))
    for name in sorted(before | after):
        then, now = (version.questions.get(name) for version in (old, new))
        if name in before and name in after and then is not None and now is not None and then.type is now.type:
            yield Asked(name, name, list(dict.fromkeys([*answers_to(then), *answers_to(now)])))
        else:
            if name in before and then is not None:
                yield Asked(name, "", answers_to(then))
            if name in after and now is not None:
                yield Asked("", name, answers_to(now))


def all_lists(old: Protocol, new: Protocol) -> list[Any]:
    """One list of studies for everything that lists can say in both versions together."""
    facts = [(version, fact) for version in (old, new) for fact in version.facts.values() if fact.per_study]
    lists = ["not_sure", *(list(each) for number in range(4) for each in combinations(STUDIES, number))]

    def said(studies: Any) -> tuple[Any, ...]:
        return tuple(
            PatientView(version, check_answers(version.questions, {"imaging": studies}, on=ON)).of_studies(fact)
            for version, fact in facts
        )

    return list({said(each): each for each in reversed(lists)}.values()) if facts else [[]]  # the shortest


EVALUATED: dict[tuple[Protocol, str], Evaluation] = {}


def evaluated(version: Protocol, told: dict[str, Any]) -> Evaluation:
    """What a version says of the answers to its questions; one that it does not take is not sure."""
    known = {name: answer for name, answer in told.items() if name in version.questions}
    taken = {
        name: answer if name == "imaging" or answer in answers_to(version.questions[name]) else "not_sure"
        for name, answer in known.items()
    }
    once = (version, str(taken))
    if once not in EVALUATED:
        EVALUATED[once] = evaluate(version, check_answers(version.questions, taken, on=ON))
    return EVALUATED[once]


def change_between(old: Evaluation, new: Evaluation) -> Change | None:
    """The gravest difference between two evaluations."""
    sides = (old.disposition, old.urgency, new.disposition, new.urgency)
    for what, before, after in (
        ("disposition", old.disposition, new.disposition),
        ("urgency", old.urgency, new.urgency),
        ("referrals", old.referrals, new.referrals),
        ("actions", set(old.actions), set(new.actions)),
    ):
        if before != after:
            return Change(what, *sides)
    return None


class Counted(NamedTuple):
    """How many intakes there are, how many with each change, and how far the nearest of these is from a clear adult."""

    space: int
    changes: dict[Change, int]
    before: dict[tuple[Disposition, Urgency], int]
    nearest: dict[Change, int]


@cache
def counted(old: Protocol, new: Protocol) -> Counted:
    asked, lists = list(all_asked(old, new)), all_lists(old, new)
    clear = ["no" if "no" in each.answers else each.answers[0] for each in asked]
    changes, before, nearest = Counter[Change](), Counter[tuple[Disposition, Urgency]](), dict[Change, int]()
    for answers in product(*(each.answers for each in asked)):
        distance = sum(one != other for one, other in zip(answers, clear, strict=True))
        for studies in lists:
            told: list[dict[str, Any]] = [
                {each[which]: answer for each, answer in zip(asked, answers, strict=True)} | {"imaging": studies}
                for which in (0, 1)
            ]
            then, now = (evaluated(version, each) for version, each in zip((old, new), told, strict=True))
            before[then.disposition, then.urgency] += 1
            change = change_between(then, now)
            if change is not None:
                changes[change] += 1
                nearest[change] = min(nearest.get(change, 99), distance + bool(studies))
    return Counted(before.total(), changes, before, nearest)


@pytest.mark.parametrize("name", EDITS)
def test_every_change_is_counted_as_by_asking_about_everybody(name: str):
    expected, comparison = counted(*versions(name)), compared(name)
    assert comparison.space == expected.space
    assert {each.change: each.number for each in comparison.regions} == expected.changes
    for each in comparison.regions:
        assert each.advised_so_before == expected.before[each.change.old, each.change.old_urgency]


@pytest.mark.parametrize("name", EDITS)
def test_every_witness_is_advised_as_is_said(name: str):
    old, new = versions(name)
    for each in compared(name).regions:
        then, now = evaluated(old, dict(each.before.answers)), evaluated(new, dict(each.after.answers))
        assert change_between(then, now) == each.change
        assert (each.before.says, each.after.says) == (headline(then), headline(now))


@pytest.mark.parametrize("name", ["a threshold", "a flag removed", "a question more", "an option more"])
def test_a_witness_is_as_near_to_a_clear_adult_as_can_be(name: str):
    expected = counted(*versions(name))
    remarkable = {
        each.change: sum(not line.startswith("A study:") for line in each.witness[1:])
        for each in compared(name).regions
    }
    assert remarkable == expected.nearest


def test_what_is_less_urgent_comes_first():
    regions = compared("another type of answer").regions
    is_less = [each.change.is_less_urgent for each in regions]
    assert is_less == sorted(is_less, reverse=True)
    assert {True, False} == set(is_less)
    assert all(each.change.new.rank < each.change.old.rank for each in compared("another type of answer").less_urgent)


@pytest.mark.parametrize(
    ("old", "new", "is_less_urgent"),
    [
        (("refer", "soon"), ("refer", "routine"), True),
        (("refer", "routine"), ("refer", "soon"), False),
        (("medical_review", "7d"), ("out_of_scope", "14d"), True),
        (("urgent_medical", "24h"), ("medical_review", "7d"), True),
        (("self_manage", "none"), ("hold_imaging", "routine"), False),
        (("refer", "routine"), ("hold_imaging", "routine"), False),
    ],
)
def test_what_is_as_urgent_but_later_is_less_urgent(
    old: tuple[str, str], new: tuple[str, str], *, is_less_urgent: bool
):
    change = Change("disposition", Disposition(old[0]), Urgency(old[1]), Disposition(new[0]), Urgency(new[1]))
    assert change.is_less_urgent is is_less_urgent


def test_the_document_is_json_and_says_all_of_it():
    comparison = compared("a flag removed")
    document = json.loads(write_json(comparison.as_document()))
    assert document == comparison.as_document()
    assert (document["old"], document["space"]) == ("tiny/1.0.0", "3240")
    assert [each["change"] for each in document["regions"]] == [each.change.name for each in comparison.regions]
    assert len({each["change"] for each in document["regions"]}) == len(comparison.regions)
    first = document["regions"][0]
    assert (first["number"], first["advised_so_before"], first["is_less_urgent"]) == ("420", "1800", True)
    assert first["before"]["answers"]["fever"] == "yes"


BACK_PAIN = PROTOCOL.read_text()


def of_back_pain(before: str, after: str) -> tuple[Protocol, Comparison]:
    assert before in BACK_PAIN
    old, new = (read_protocol(text.encode()) for text in (BACK_PAIN, BACK_PAIN.replace(before, after)))
    comparison = compare(old, new)
    for each in comparison.regions:
        then, now = evaluated(old, dict(each.before.answers)), evaluated(new, dict(each.after.answers))
        assert change_between(then, now) == each.change
    return new, comparison


def test_a_higher_threshold_refers_fewer_for_psychological_care():
    _new, comparison = of_back_pain("phq9 >= 10", "phq9 >= 12")
    changes = {(each.change.old, each.change.new) for each in comparison.less_urgent}
    assert (Disposition.REFER, Disposition.SELF_MANAGE) in changes
    gone = next(
        each
        for each in comparison.regions
        if each.change.old is Disposition.REFER and each.change.new is Disposition.SELF_MANAGE
    )
    scores = [each for name, each in gone.before.answers.items() if name.startswith("phq9_") and isinstance(each, int)]
    assert sum(scores) in (10, 11)


def test_a_flag_that_is_gone_lists_whom_it_leaves():
    flag = next(each for each in BACK_PAIN.split("[[flags]]") if each.startswith('\nid = "major_trauma"'))
    _new, comparison = of_back_pain(f"[[flags]]{flag}", "")
    worst = comparison.less_urgent[0]
    assert worst.change.old is Disposition.EMERGENCY
    assert worst.before.answers["major_trauma"] == "yes"
    assert {each.change.new for each in comparison.less_urgent} >= {Disposition.SELF_MANAGE, Disposition.REFER}
