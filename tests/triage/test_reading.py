"""Protocol files: each fault is reported with its place and a plain sentence, and all of them at once."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.small import SMALL, SOURCE
from triage.checking import unreliable_citations
from triage.protocol import Disposition, Service, Urgency
from triage.reading import ProtocolError, read_protocol
from triage.toml import LARGEST

# What is replaced in the small protocol, by what, and every fault that this makes.
FAULTS = [
    # Keys
    ('title = "Small"', "", ["protocol.title: is missing; text is needed"]),
    ('title = "Small"', 'title = ""', ["protocol.title: is empty; text is needed"]),
    ('title = "Small"', "title = 7", ["protocol.title: is not text"]),
    ("signed_off = false", 'signed_off = "no"', ["protocol.signed_off: is not true or false"]),
    ("signed_off = false", "", ["protocol.signed_off: is missing; true or false is needed"]),
    ("review_due = 2027-05-23", 'review_due = "2027-05-23"', ["protocol.review_due: is not a date"]),
    ("review_due = 2027-05-23", "review_due = 2027-05-23T10:00:00", ["protocol.review_due: is not a date"]),
    ("fresh_days = 14", "fresh_days = true", ["protocol.fresh_days: is not a whole number"]),
    ("fresh_days = 14", "fresh_days = 14.0", ["protocol.fresh_days: is not a whole number"]),
    ("fresh_days = 14", "", ["protocol.fresh_days: is missing; a whole number is needed"]),
    ('id = "age"\n', "", [
            "questions[0].id: is missing; text is needed",
            'flags[wasting].when: "age" is not a number',
            'rules[scope].when: "age" is not a number',
            'rules[both]: "age" is not a number',
        ]),
    (
        'use = "everything"\nstatus = "current"',
        'status = "fresh"',
        ['sources[R1].status: "fresh" is not one of current, withdrawn, expired, background'],
    ),
    (
        'type = "tri"\nsafety = true\n\n[[questions]]\nid = "numb_since"',
        'type = "yes_no"\nsafety = true\n\n[[questions]]\nid = "numb_since"',
        ['questions[numb].type: "yes_no" is not one of tri, choice, choices, integer, scale, date, studies'],
    ),
    ("min = 0\nmax = 120", "max = 120", ["questions[age].min: is missing; a whole number is needed"]),
    ('codes = { loinc = "30525-0" }', "codes = 7", ["questions[age].codes: is not a table of words"]),
    ('asked_by = "clinician"', 'asked_by = "robot"', ['questions[examined].asked_by: "robot" is not one of , clinician']),
    (
        '{ value = "exercise", label = "Exercise" }',
        '{ value = "exercise" }',
        ["questions[tried].options[0].label: is missing; text is needed"],
    ),
    (
        '{ value = "exercise", label = "Exercise" }',
        '"exercise"',
        ["questions[tried].options[0]: is not a table"],
    ),
    (
        'options = [{ value = "exercise", label = "Exercise" }, { value = "tablets", label = "Tablets" }]',
        "",
        ["questions[tried].options: is missing; a list of tables is needed", "questions[tried].options: names no answers"],
    ),
    ('cites = ["R2"]', 'cites = "R2"', ["flags[stiff].cites: is not a list of words", "flags[stiff].cites: cites no"]),
    ('cites = ["R2"]', 'cites = ["R2", 2]', ["flags[stiff].cites: is not a list of words"]),
    (
        'allows = ["physiotherapy", "cbt"]',
        'allows = ["yoga"]',
        ['flags[stiff].allows: "yoga" is not one of physiotherapy, cbt, psychology'],
    ),
    ('level = "7d"', 'level = "soon"', ['flags[wasting].level: "soon" is not one of now, 24h, 7d, 14d']),
    (
        'disposition = "hold_imaging"',
        'disposition = "wait"',
        ['rules[waiting].disposition: "wait" is not one of self_manage, refer'],
    ),
    (
        '{ service = "physiotherapy", priority = "soon" }]\n',
        '{ service = "physiotherapy", priority = "now" }]\n',
        ['rules[waiting].referrals[0].priority: "now" is not one of soon, routine'],
    ),
    ("[incomplete]", "[unfinished]", [
            "incomplete: is missing; a table is needed",
            "incomplete.because: is missing; text is needed",
            "incomplete.review_days: is missing; a whole number is needed",
            "unfinished: is not known here",
            "incomplete.cites: cites no source and no assumption",
            "incomplete.review_days: must be at least 1",
        ]),
    ("[dispositions.refer]\ntitle", "[dispositions.refer]\nheading", ["dispositions.refer.title: is missing; text is needed", "dispositions.refer.heading: is not known here"]),
    ('[services.psychology]\ntitle = "Psychology"', "", ["services.psychology: is missing; a table is needed", "services.psychology.title: is missing; text is needed"]),
    ("[facts.persistent]", "[[facts.persistent]]", [
            "facts.persistent: is not a table",
            "facts.persistent.when: is missing; a condition is needed",
            "facts.persistent.means: is missing; text is needed",
            "facts.persistent.cites: cites no source and no assumption",
        ]),
    # Conditions
    ('when = "fever"', "", ["flags[fever].when: is missing; a condition is needed"]),
    ('when = "fever"', 'when = ""', ["flags[fever].when: not a condition"]),
    ('when = "fever"', "when = 1", ["flags[fever].when: is not a condition"]),
    ('when = "need >= 2" }]\n', "when = 1 }]\n", ["rules[urgent].actions[0].when: is not a condition"]),
    ('when = "need >= 2" }]\n', 'when = "" }]\n', ["rules[urgent].actions[0].when: not a condition"]),
    ('when = "fever"', 'when = "count(fever, numb) >= 3"', ["flags[fever].when: a count lies between 0 and 2"]),
    ('when = "fever"', 'when = "fever +"', ["flags[fever].when: not a condition: invalid syntax"]),
    ('when = "fever"', 'when = "fever > 1 + 1"', ["flags[fever].when: only a name with a whole number or a word"]),
    ('when = "fever"', 'when = "fewer"', ['flags[fever].when: "fewer" is not a question, fact, level or instrument']),
    ('when = "fever"', 'when = "age"', ['flags[fever].when: "age" is not a yes/no question']),
    ('when = "fever"', 'when = "need"', ['flags[fever].when: "need" is a number: compare it with one']),
    ('when = "fever"', 'when = "mood"', ['flags[fever].when: "mood" is a number: compare it with one']),
    ('when = "fever"', 'when = "fever >= 1"', ['flags[fever].when: "fever" is not a number']),
    ('when = "fever"', 'when = "age > fever"', ['flags[fever].when: "fever" is not a number']),
    ('when = "fever"', 'when = "persistent >= 1"', ['flags[fever].when: "persistent" is not a number']),
    ('when = "fever"', 'when = "age >= 121"', ["flags[fever].when: age lies between 0 and 120, so comparing it with 121"]),
    ('when = "fever"', 'when = "need > 3"', ["flags[fever].when: need lies between 0 and 2"]),
    ('when = "fever"', 'when = "mood > 5"', ["flags[fever].when: mood lies between 0 and 4"]),
    ('when = "fever"', 'when = "wish == 3"', ["flags[fever].when: wish lies between 0 and 2"]),
    ('when = "fever"', 'when = \'fever == "yes"\'', ['flags[fever].when: "fever" is not a choice that can be read here']),
    (
        'when = "fever"',
        'when = \'tried == "exercise"\'',
        ['flags[fever].when: "tried" is not a choice that can be read here'],
    ),
    (
        'when = "fever"',
        'when = \'site == "neck"\'',
        ['flags[fever].when: "neck" is not an answer to site, which takes lumbar, thoracic'],
    ),
    (
        'when = "fever"',
        'when = \'study_class == "age_related"\'',
        ['flags[fever].when: "study_class" is not a choice that can be read here'],
    ),
    ('when = "fever"', 'when = "study_age_days > 3"', ['flags[fever].when: "study_age_days" is not a number']),
    ('when = "fever"', 'when = \'flagged("now")\'', ["flags[fever].when: flagged(...) may stand in a rule only"]),
    (
        "when = 'flagged(\"now\")'",
        "when = 'flagged(\"soon\")'",
        ['rules[emergency].when: "soon" is not one of now, 24h, 7d, 14d'],
    ),
    (
        'study_class == "serious_pathology"',
        'study_class == "broken"',
        ['imaging.facts.scan_serious.when: "broken" is not an answer to study_class, which takes no_significant_finding'],
    ),
    ("study_age_days <= 90", "study_age_days <= 99999", ["imaging.facts.scan_waiting.when: study_age_days lies between"]),
    (
        '{ service = "cbt", when = "need >= 2" }',
        '{ service = "cbt", when = "needs >= 2" }',
        ['rules[review]: "needs" is not a number'],
    ),
    ('when = "certain(age >= 60)"', 'when = "certain(old)"', ['rules[both]: "old" is not a question, fact, level']),
    ('when = "not limits"\n', 'when = "not limit"\n', ['texts[keep_moving].when: "limit" is not a question, fact']),
    ("'examined == \"clinician\"'", "'examined == \"nurse\"'", ['exclusion[X2].when: "nurse" is not an answer']),
    ('when = "mood >= 1"', 'when = "moods >= 1"', ['levels.need.steps[0].when: "moods" is not a number']),
    # Questions and instruments
    (
        'id = "limits"\nsection = "person"',
        'id = "limits"\nsection = "persons"',
        ['questions[limits].section: "persons" is not a section'],
    ),
    (
        'text = "A fever?"\ntype = "tri"',
        'text = "A fever?"\ntype = "tri"\nask_when = "limits"',
        ["questions[fever].ask_when: a safety question is always asked and cannot be hidden"],
    ),
    ('min = 0\nmax = 3650', "min = 4000\nmax = 3650", ["questions[pain_days].min: is above max", "facts.persistent.when: pain_days"]),
    ('min = 0\nmax = 3650', "min = 0\nmax = 99999999999999999999", ["questions[pain_days].max: is beyond 1000000", "questions[pain_days]: takes numbers beyond 100000"]),
    ('min = 0\nmax = 3650', "min = -100001\nmax = 3650", ["questions[pain_days]: takes numbers beyond 100000"]),
    ('days_since = "numb_since"', 'days_since = "numb"', ['questions[numb_days].days_since: "numb" is not a date question']),
    (
        'text = "Feeling down?"\ntype = "scale"\nscale = "frequency"',
        'text = "Feeling down?"\ntype = "scale"\nscale = "often"',
        ["questions[mood_1].scale: names no answers", "levels.need.steps[1].when: mood lies between 0 and 1"],
    ),
    ('question = "imaging"', 'question = "fever"', ['imaging.question: "fever" is not a question of type studies']),
    ('question = "imaging"', "", ['imaging.question: "" is not a question of type studies']),
    ('items = ["mood_1", "mood_2"]', 'items = ["mood_1", "mood_3"]', ['instruments[mood]: "mood_3" is not a question with a number', "levels.need.steps[1].when: mood lies between 0 and 2"]),
    ('items = ["mood_1", "mood_2"]', 'items = ["mood_1", "fever"]', ['instruments[mood]: "fever" is not a question with a number', "levels.need.steps[1].when: mood lies between 0 and 2"]),
    ('total = "mood_total"', 'total = "total"', ['instruments[mood]: "total" is not a question with a number']),
    # What a fault leads to
    ('cites = ["R2"]', "cites = []", ["flags[stiff].cites: cites no source and no assumption"]),
    ('cites = ["R2"]', 'cites = ["R9"]', ['flags[stiff].cites: "R9" is not a source or an assumption']),
    ('days > 42"\nmeans = "the pain has lasted more than six weeks"\ncites = ["R1"]', 'days > 42"\nmeans = "long"', ["facts.persistent.cites: cites no"]),
    ('cites = ["A1"]\n\n[imaging]', "\n[imaging]", ["levels.need.cites: cites no source and no assumption"]),
    ('cites = ["A1"]\n\n[[exclusion]]', "\n[[exclusion]]", ["incomplete.cites: cites no source and no assumption"]),
    ('cites = ["A1"]\n\n[[sources]]', 'cites = ["A9"]\n\n[[sources]]', ['protocol.cites: "A9" is not a source']),
    ('actions = ["ask"]', 'actions = ["wait"]', ['incomplete.actions: "wait" is not an action']),
    ('actions = ["send_ed"]', 'actions = ["run"]', ['flags[numb_recent].actions: "run" is not an action']),
    ('actions = ["send_ed"]', "", ["flags[numb_recent].actions: names no next step for yes, or none for not sure"]),
    ('not_sure_actions = ["same_day"]\nbecause = "It may be an infection."', 'because = "It may be an infection."', ["flags[fever].actions: names no next step for yes, or none for not sure"]),
    ('actions = ["tell_gp", {', 'actions = ["tell_all", {', ['rules[both].actions: "tell_all" is not an action']),
    ('level = "14d"\nactions = ["book_review"]\nnot_sure_actions = ["book_review"]\nallows', 'level = "14d"\nnot_sure = "7d"\nactions = ["book_review"]\nnot_sure_actions = ["book_review"]\nallows', ["flags[stiff].not_sure: is more urgent than the flag's own level"]),
    ("review_days = 28", "review_days = 0", ["rules[steady].review_days: must be at least 1"]),
    ('actions = ["ask"]\nreview_days = 1', 'actions = ["ask"]\nreview_days = -1', ["incomplete.review_days: must be at least 1"]),
    ('"incomplete", "out_of_scope",\n]', '"incomplete",\n]', ["texts: no safety net goes with out_of_scope always"]),
    ('cites = ["R1"]\n\n[dispositions.emergency]', 'when = "limits"\n\n[dispositions.emergency]', [f"texts: no safety net goes with {each} always" for each in Disposition]),
    # Said twice, or to nobody
    ("signed_off = false", "signed_off = false\nsigned_of = true", ["protocol.signed_of: is not known here"]),
    ("[incomplete]", "[colours]\nred = 1\n[incomplete]", ["colours: is not known here"]),
    ('not_sure = "14d"', 'not_sur = "14d"', ["flags[scan].not_sur: is not known here"]),
    ('text = "A fever?"', 'text = "A fever?"\nmin = 0', ["questions[fever].min: is not known here"]),
    ('{ service = "physiotherapy" }, {', '{ service = "physiotherapy", priority = "soon" }, {', ["rules[review].permits[0].priority: is not known here"]),
    ('[scales]', '[scales]\noften = ["Never", "Always"]', ["scales.often: is not known here"]),
    ('id = "stiff"\ntitle', 'id = "fever"\ntitle', ["flags[fever]: is there twice"]),
    ('id = "R2"', 'id = "R1"', ["sources[R1]: is there twice", 'flags[stiff].cites: "R2" is not a source']),
    ('[facts.persistent]', '[facts.limits]\nwhen = "numb"\nmeans = "x"\ncites = ["R1"]\n[facts.persistent]', ['"limits" names more than one thing']),
    ('[facts.persistent]', '[facts.study_class]\nwhen = "numb"\nmeans = "x"\ncites = ["R1"]\n[facts.persistent]', ['"study_class" is a name of studies']),
    # Circles
    ('when = "pain_days > 42"', 'when = "pain_days > 42 or persistent"', ['"persistent" refers to itself in a circle']),
    ('when = "mood >= 1"', 'when = "need >= 1"', ['"need" refers to itself in a circle']),
]  # fmt: skip


def faults_of(source: str) -> tuple[str, ...]:
    with pytest.raises(ProtocolError) as refusal:
        read_protocol(source.encode())
    assert str(refusal.value) == "\n".join(refusal.value.faults)
    return refusal.value.faults


def replaced(source: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in source
        source = source.replace(old, new, 1)
    return source


@pytest.mark.parametrize(("old", "new", "expected"), FAULTS)
def test_a_fault_is_named_with_its_place_and_a_plain_sentence(old: str, new: str, expected: list[str]):
    faults = faults_of(replaced(SOURCE, (old, new)))
    assert len(faults) == len(expected)
    for fault, start in zip(faults, expected, strict=True):
        assert fault.startswith(start)


@pytest.mark.parametrize(
    "definitions",
    [
        'facts.one.when = "two"\nfacts.two.when = "three"\nfacts.three.when = "one"',
        'facts.one.when = "two"\nfacts.two.when = "one"\nfacts.three.when = "one"',
    ],
)
def test_a_circle_through_several_names_is_found(definitions: str):
    rest = "\n".join(f'facts.{name}.means = "x"\nfacts.{name}.cites = ["R1"]' for name in ("one", "two", "three"))
    faults = faults_of(f"{definitions}\n{rest}\n{SOURCE}")
    circles = [fault for fault in faults if fault.endswith("refers to itself in a circle")]
    assert circles[:2] == ['"one" refers to itself in a circle', '"two" refers to itself in a circle']


def test_a_circle_through_a_score_and_a_hidden_question_is_found():
    hidden = 'text = "Feeling down?"\nask_when = "need >= 1"'
    faults = faults_of(replaced(SOURCE, ('text = "Feeling down?"', hidden)))
    assert set(faults) == {f'"{name}" refers to itself in a circle' for name in ("mood_1", "mood", "need")}


def test_every_fault_of_a_file_is_reported_at_once():
    planted = [
        ('title = "Small"', "", "protocol.title: is missing; text is needed"),
        ("fresh_days = 14", 'fresh_days = "14"', "protocol.fresh_days: is not a whole number"),
        ('status = "current"', 'status = "new"', 'sources[R1].status: "new" is not one of'),
        ('unit = "years"', 'units = "years"', "questions[age].units: is not known here"),
        ('days_since = "numb_since"', 'days_since = "fever"', 'questions[numb_days].days_since: "fever" is not a date'),
        ('when = "fever"', 'when = "fever and"', "flags[fever].when: not a condition"),
        ('level = "7d"', 'level = "7 days"', 'flags[wasting].level: "7 days" is not one of'),
        ('when = "age < 18"', 'when = "aged < 18"', 'rules[scope].when: "aged" is not a number'),
        ('actions = ["ask"]', 'actions = ["beg"]', 'incomplete.actions: "beg" is not an action'),
        ('cites = ["R2"]', 'cites = ["R7"]', 'flags[stiff].cites: "R7" is not a source or an assumption'),
    ]
    faults = faults_of(replaced(SOURCE, *((old, new) for old, new, _ in planted)))
    assert len(faults) == len(planted)
    for _, _, sentence in planted:
        assert any(fault.startswith(sentence) for fault in faults)


@pytest.mark.parametrize(
    ("source", "start"),
    [
        (b"\xff", "the file is not UTF-8 text"),
        (b"= 1", "the file is not TOML"),
        (b"a = 1\na = 2", "the file is not TOML"),
        (b"a = " + b"[" * 5000, "the file is not TOML"),
        (b"#" * (LARGEST + 1), "the file is larger than 1000000 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(source: bytes, start: str):
    with pytest.raises(ProtocolError) as refusal:
        read_protocol(source)
    (fault,) = refusal.value.faults
    assert fault.startswith(start)


def test_an_empty_file_names_every_table_that_is_missing():
    faults = faults_of("")
    for table in ("protocol", "facts", "levels", "incomplete", "dispositions", "services"):
        assert f"{table}: is missing; a table is needed" in faults
    for table in ("sources", "sections", "questions", "flags", "rules", "texts"):
        assert f"{table}: is missing; a list of tables is needed" in faults


LINES = SOURCE.splitlines(keepends=True)
VALUES = [
    "1",
    "-1",
    "1.5",
    "nan",
    "true",
    '""',
    '"x"',
    "[]",
    "[[]]",
    "{}",
    "[1]",
    '["x"]',
    "2026-01-01",
    "10:00:00",
    "{ id = [1] }",
]


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode(errors="replace"))))
def test_any_bytes_at_all_are_refused_with_reasons(source: bytes):
    with pytest.raises(ProtocolError) as refusal:
        read_protocol(source)
    assert all(refusal.value.faults)


def read_or_refuse(source: str) -> None:
    try:
        read_protocol(source.encode())
    except ProtocolError as refusal:
        str(refusal).encode()


@given(st.integers(0, len(LINES) - 1), st.integers(1, 12))
def test_a_file_with_lines_missing_is_read_or_refused(start: int, number: int):
    read_or_refuse("".join(LINES[:start] + LINES[start + number :]))


@given(st.sampled_from([number for number, line in enumerate(LINES) if " = " in line]), st.sampled_from(VALUES))
def test_a_file_with_a_value_of_another_kind_is_read_or_refused(number: int, value: str):
    changed = LINES[number].split(" = ")[0] + f" = {value}\n"
    read_or_refuse("".join([*LINES[:number], changed, *LINES[number + 1 :]]))


def test_a_good_file_is_read_whole():
    assert (SMALL.id, SMALL.version, SMALL.title, SMALL.signed_off) == ("small", "0.1.0", "Small", False)
    assert list(SMALL.sources) == ["R1", "R2", "A1"]
    assert SMALL.sources["A1"].status == "assumption"
    assert SMALL.cites == ("A1",)
    assert [question.id for question in SMALL.questions.values() if question.safety] == [
        "numb",
        "fever",
        "weight_loss",
        "stiff",
        "wish",
    ]
    assert [option.value for option in SMALL.questions["site"].options] == ["lumbar", "thoracic"]
    assert (SMALL.questions["wish"].low, SMALL.questions["wish"].high) == (0, 2)
    assert SMALL.instruments["mood"].maximum == 4
    assert SMALL.facts["scan_serious"].per_study
    assert not SMALL.facts["persistent"].per_study
    assert [flag.not_sure for flag in SMALL.flags][:2] == [Urgency.SAME_DAY, Urgency.FOURTEEN_DAYS]
    assert SMALL.flags[6].allows == (Service.PHYSIOTHERAPY, Service.CBT)
    assert [task.action for task in SMALL.rules[5].actions] == ["tell_gp", "book_review"]
    assert set(SMALL.dispositions) == set(Disposition)


@pytest.mark.parametrize(("status", "expected"), [("withdrawn", 1), ("expired", 1), ("background", 0), ("current", 0)])
def test_what_may_not_be_relied_on_is_read_and_told_with_its_places(status: str, expected: int):
    protocol = read_protocol(replaced(SOURCE, ('status = "background"', f'status = "{status}"')).encode())
    assert unreliable_citations(protocol) == dict([("R2", ["flags[stiff]"])] * expected)


def test_the_digest_is_that_of_the_bytes():
    assert SMALL.digest == hashlib.sha256(SOURCE.encode()).hexdigest()
    assert read_protocol(f"{SOURCE}\n".encode()).digest != SMALL.digest


def test_the_questions_that_a_condition_reads_are_listed_in_order():
    flags = {flag.id: SMALL.reads(flag.when) for flag in SMALL.flags}
    assert flags["wasting"] == ("weight_loss", "age", "site", "stiff")
    assert flags["scan"] == ("imaging",)
    assert SMALL.reads(SMALL.rules[5].when) == ("pain_days", "limits", "mood_1", "mood_2", "wish")
