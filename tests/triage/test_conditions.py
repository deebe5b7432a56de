"""The language of conditions: what it says, what it refuses, and that its verdicts bound every outcome."""

from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.conditions import (
    And,
    Comparison,
    Condition,
    ConditionError,
    Count,
    Difference,
    Not,
    OneOf,
    Or,
    Raised,
    Reading,
    Statement,
    parse,
)
from triage.logic import NO, NOT_ASKED, NOT_SURE, YES, Verdict
from triage.quantities import Quantity

A, B, C = Statement("a"), Statement("b"), Statement("c")

PARSED = {
    "a": A,
    "  a  ": A,
    "(a)": A,
    "not a": Not(A),
    "not not a": Not(Not(A)),
    "a and b": And((A, B)),
    "a and b and c": And((A, B, C)),
    "a or b and c": Or((A, And((B, C)))),
    "(a or b) and c": And((Or((A, B)), C)),
    "not a or b": Or((Not(A), B)),
    "age >= 60": Comparison("age", ">=", 60),
    "age > 60": Comparison("age", ">", 60),
    "age <= 60": Comparison("age", "<=", 60),
    "age < 60": Comparison("age", "<", 60),
    "age == 60": Comparison("age", "==", 60),
    "60 < age": Comparison("age", ">", 60),
    "60 >= age": Comparison("age", "<=", 60),
    "60 == age": Comparison("age", "==", 60),
    "2 <= need <= 3": And((Comparison("need", ">=", 2), Comparison("need", "<=", 3))),
    "days > weeks": Difference("days", ">", "weeks"),
    'site == "lumbar"': OneOf("site", ("lumbar",)),
    'site != "lumbar"': Not(OneOf("site", ("lumbar",))),
    'site in ("lumbar", "thoracic")': OneOf("site", ("lumbar", "thoracic")),
    'site in ("lumbar",)': OneOf("site", ("lumbar",)),
    'site not in ("lumbar", "thoracic")': Not(OneOf("site", ("lumbar", "thoracic"))),
    "count(a, b, c) >= 2": Count((A, B, C), ">=", 2),
    "count(a, age >= 60) == 1": Count((A, Comparison("age", ">=", 60)), "==", 1),
    "certain(a)": Reading("certain", A),
    "possible(a or b)": Reading("possible", Or((A, B))),
    "presumed(days <= 14 or a)": Reading("presumed", Or((Comparison("days", "<=", 14), A))),
    'flagged("now")': Raised("flagged", ("now",)),
    'unsure("24h", "7d")': Raised("unsure", ("24h", "7d")),
}

REFUSED = [
    "",
    " ",
    "a b",
    "a and",
    "a = b",
    "a; b",
    "a\nb",
    "1",
    "True",
    "None",
    '"a"',
    "...",
    # Arithmetic and other operators
    "a + b",
    "age + 1 > 3",
    "age > 3 + 1",
    "age > -1",
    "-a",
    "~a",
    "a | b",
    "a & b",
    "2 ** 99 > age",
    "a // b",
    # Reaching into things
    "a.b",
    "a.__class__",
    "a[0]",
    "a[1:2]",
    "().__class__",
    # Calls
    "a()",
    "open('x')",
    "__import__('os')",
    "exec('1')",
    "certain()",
    "certain(a, b)",
    "certain(a)(b)",
    "certain(part=a)",
    "certain(*a)",
    "presumed(**a)",
    "count(a, b)",
    "count(a, b) and c",
    "count() >= 1",
    "count(*a) >= 1",
    "count(a, of=b) >= 1",
    "count(a, b) >= c",
    "flagged()",
    "flagged(now)",
    "flagged(1)",
    "flagged(*levels)",
    'flagged(level="now")',
    # What Python has and conditions have not
    "lambda: a",
    "(a := b)",
    "a if b else c",
    "[a]",
    "(a, b)",
    "{a}",
    "{a: b}",
    "[a for a in b]",
    "(yield)",
    "await a",
    "*a",
    'f"{a}"',
    'site == f"{a}"',
    'b"a"',
    # Comparisons that say something else
    "age >= True",
    "True <= age",
    "age == False",
    "count(a) >= True",
    "age >= 1.5",
    "age >= 1j",
    "age != 60",
    "age is 60",
    "a is not b",
    "a in b",
    'site in "lumbar"',
    'site in ["lumbar"]',
    "site in (1, 2)",
    "site in (lumbar, thoracic)",
    "site in ()",
    "site not in ()",
    '"lumbar" == site',
    'site > "lumbar"',
    'site == b"lumbar"',
    "1 < 2",
    "1 < 2 < age",
    "certain(a) >= 1",
    'a and flagged("now") >= 1',
    # Meant to exhaust the parser
    "(" * 500 + "a" + ")" * 500,
    "certain(" * 150 + "a" + ")" * 150,
    "not " * 480 + "a",
    "a" + ".b" * 900,
    "a" + "()" * 900,
    "-" * 1900 + "a",
    "a and " * 500 + "a",
    "x" * 2001,
    # Characters that are not text
    "a\x00",
    "\ud800",
    "a and \udfff",
    "a\\",
    '"\\d"',
    "0777 > a",
    "1or 2",
    "\N{RIGHT-TO-LEFT OVERRIDE}a",
]


@pytest.mark.parametrize("text", PARSED)
def test_a_line_means_what_it_says(text: str):
    assert parse(text) == PARSED[text]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text)[1:31])
def test_a_line_that_is_no_condition_is_refused(text: str):
    with pytest.raises(ConditionError) as refusal:
        parse(text)
    assert str(refusal.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a.b", "not allowed in a condition: a.b"),
        ("count(a, b)", "count(...) needs a comparison, such as count(a, b) >= 2"),
        ("age >= True", "True and False are not numbers"),
        ("flagged(now)", "a word in quotes is needed, not now"),
        ("a is b", "not a comparison that conditions have: a with b"),
        ("age > -1", "only a name with a whole number or a word: age with -1"),
        ("x" * 2001, "longer than 2000 characters"),
        ("not " * 60 + "a", "nested too deeply"),
    ],
)
def test_a_refusal_says_which_part_and_why(text: str, reason: str):
    with pytest.raises(ConditionError) as refusal:
        parse(text)
    assert str(refusal.value) == reason


WORDS = [
    "a", "age", "and ", "or ", "not ", "(", ")", ",", " ", ">= ", "<", "==", "!=", "in ", "is ", "12", "True", '"now"', "'",
    "count(", "certain(", "flagged(", "lambda ", ":=", ".", "[", "]", "{", "}", 'f"', "\\", "\n", "#", "*", "-", "if ", "else ",
    "\x00", "\ud800", "é",
]  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=20).map("".join)))
def test_any_text_at_all_is_a_condition_or_refused_as_one(text: str):
    try:
        condition = parse(text)
    except ConditionError:
        return
    assert isinstance(condition, Condition)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a and not b", ["a", "b"]),
        ("count(a, age >= 60) >= 1 or days > weeks", ["a", "age", "days", "weeks"]),
        ('certain(site == "lumbar") or flagged("now")', ["site"]),
    ],
)
def test_a_condition_names_all_that_it_reads(text: str, names: list[str]):
    assert [name for part in parse(text).walk() for name in part.names] == names


ANSWERS = {"yes": YES, "no": NO, "not_sure": NOT_SURE, None: NOT_ASKED}
NUMBERS = (0, 1, 2)


@dataclass
class Patient:
    """Three yes/no answers, two numbers and one choice; None is not asked."""

    answers: dict

    def truth(self, name: str) -> Verdict:
        return ANSWERS[self.answers[name]]

    def quantity(self, name: str) -> Quantity:
        match self.answers[name]:
            case None:
                return Quantity.not_asked(0, 2)
            case "not_sure":
                return Quantity.not_sure(0, 2)
        return Quantity.known(self.answers[name])

    def compare(self, name: str, operator: str, number: int) -> Verdict:
        return self.quantity(name).compare(operator, number)

    def differ(self, name: str, operator: str, other: str) -> Verdict:
        return self.quantity(name).minus(self.quantity(other)).compare(operator, 0)

    def count(self, statements: list[Verdict], operator: str, number: int) -> Verdict:
        return Quantity.count(statements).compare(operator, number)

    def is_one_of(self, name: str, words: tuple[str, ...]) -> Verdict:
        answer = self.answers[name]
        return ANSWERS[answer] if answer in (None, "not_sure") else YES if answer in words else NO

    def flagged(self, levels: tuple[str, ...]) -> Verdict:
        return self.truth("a") if "now" in levels else NO

    def unsure(self, levels: tuple[str, ...]) -> Verdict:
        return self.truth("a").possible() if "24h" in levels else NO


POSSIBLE = {
    "a": ("yes", "no", "not_sure"),
    "b": ("yes", "no", "not_sure"),
    "n": (*NUMBERS, "not_sure"),
    "m": (*NUMBERS, "not_sure"),
    "site": ("lumbar", "thoracic", "not_sure"),
}
patients = st.fixed_dictionaries({name: st.sampled_from([None, *each]) for name, each in POSSIBLE.items()})
LEAVES = [
    "a", "b", "n >= 1", "1 < n", "n == 1", "m < 2", "m <= 0", "n > m", "n == m",
    'site == "lumbar"', 'site not in ("thoracic",)', 'flagged("now")', 'unsure("24h")',
]  # fmt: skip
texts = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("{}({})".format, st.sampled_from(["certain", "possible", "presumed"]), inner),
        st.builds("(count({}, {}, {}) >= {})".format, inner, inner, inner, st.integers(0, 3)),
    ),
    max_leaves=6,
)


@given(texts, patients)
def test_a_verdict_bounds_every_way_in_which_open_questions_can_be_answered(text: str, answers: dict):
    condition = parse(text)
    verdict = condition.verdict(Patient(answers))
    for completed in product(*(POSSIBLE[name] if each is None else [each] for name, each in answers.items())):
        outcome = condition.verdict(Patient(dict(zip(answers, completed, strict=True))))
        assert outcome.is_settled
        assert verdict.least.value <= outcome.now.value <= verdict.most.value


@given(texts, patients)
def test_a_settled_verdict_is_what_it_is_whatever_is_answered_next(text: str, answers: dict):
    condition = parse(text)
    verdict = condition.verdict(Patient(answers))
    if not verdict.is_decided:
        return
    for completed in product(*(POSSIBLE[name] if each is None else [each] for name, each in answers.items())):
        assert condition.verdict(Patient(dict(zip(answers, completed, strict=True)))) is verdict


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        ("a", {"a": "yes"}, YES),
        ("not a", {"a": None}, NOT_ASKED),
        ("a and b", {"a": "no", "b": None}, NO),
        ("a or b", {"a": "yes", "b": None}, YES),
        ("a and b", {"a": "not_sure", "b": "yes"}, NOT_SURE),
        ("count(a, b, n >= 1) >= 2", {"a": "yes", "b": "not_sure", "n": 1}, YES),
        ("count(a, b, n >= 1) >= 2", {"a": "yes", "b": None, "n": 0}, NOT_ASKED),
        ("certain(a)", {"a": "not_sure"}, NO),
        ("possible(a)", {"a": "not_sure"}, YES),
        ("not presumed(a) and b", {"a": None, "b": "yes"}, ~NOT_ASKED.presumed()),
        ("presumed(a) or b", {"a": None, "b": "no"}, NOT_ASKED.presumed()),
        ("n > m", {"n": 2, "m": 1}, YES),
        ("n > m", {"n": 1, "m": 1}, NO),
        ("n > m", {"n": 2, "m": None}, NOT_ASKED),
        ('site in ("lumbar",)', {"site": "thoracic"}, NO),
        ('flagged("7d")', {"a": "yes"}, NO),
        ('flagged("now")', {"a": "not_sure"}, NOT_SURE),
        ('unsure("24h")', {"a": "not_sure"}, YES),
    ],
)
def test_a_condition_judges_a_patient(text: str, answers: dict, expected: Verdict):
    assert parse(text).verdict(Patient(answers)) is expected
