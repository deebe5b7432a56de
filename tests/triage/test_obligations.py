"""What is owed is read like a protocol: every fault is named, and nothing is taken that would prove nothing."""

import pytest

from tests.triage.small import SMALL
from triage.obligations import ObligationError, read_obligations

OWED = """
distress = ["mood_1", "mood_2"]
kept = ["same_day"]
recheck = "book_review"
descriptive = ["tried"]

[clear]
age = 40

[[obligations]]
id = "fever"
invariant = "F3"
says = "A fever is a matter of the same day."
when = "fever"
study = { status = "reported", class = "" }
at_least = "urgent_medical"
never = ["refer"]
forbids = ["cbt"]
actions = ["same_day"]
cites = ["R1"]
"""

# What is written in place of what, and the fault that is named.
FAULTS = [
    ('when = "fever"', 'when = "persistent"', 'obligations[fever].when: "persistent" is not a question or an instrument'),
    ('when = "fever"', 'when = "cough"', 'obligations[fever].when: "cough" is not a question or an instrument'),
    ('when = "fever"', 'when = "age"', 'obligations[fever].when: "age" is not a yes/no question: compare it with something'),
    ('when = "fever"', 'when = "age >= 999"', "obligations[fever].when: age lies between 0 and 120, so comparing it with 999 says nothing"),
    ('when = "fever"', "when = 'flagged(\"now\")'", "obligations[fever].when: flagged(...) may stand in a rule only"),
    ('when = "fever"', 'when = "fever or"', "obligations[fever].when: not a condition: invalid syntax (<unknown>, line 1)"),
    ('status = "reported"', 'status = "seen"', 'obligations[fever].study: "status" is never "seen"'),
    ('at_least = "urgent_medical"', 'at_least = "soon"', 'obligations[fever].at_least: "soon" is not one of'),
    ('forbids = ["cbt"]', 'forbids = ["yoga"]', 'obligations[fever].forbids: "yoga" is not one of'),
    ('actions = ["same_day"]', 'actions = ["pray"]', 'obligations[fever].actions: "pray" is not one of'),
    ('distress = ["mood_1", "mood_2"]', 'distress = ["mood_9"]', 'distress: "mood_9" is not one of'),
    ("age = 40", "age = 400", "clear: age is not an answer that this question takes"),
    ("age = 40", "height = 40", "clear: height is not a question of this protocol"),
    ('id = "fever"', "", "obligations[0].id: is missing"),
    ('says = "A fever', 'sayz = "A fever', "obligations[fever].sayz: is not known"),
]  # fmt: skip


def test_what_is_owed_is_read():
    owed = read_obligations(OWED.encode(), SMALL)
    assert [each.id for each in owed.obligations] == ["fever"]
    assert owed.obligations[0].at_least == "urgent_medical"
    assert len(owed.digest) == 64


@pytest.mark.parametrize(("old", "new", "fault"), FAULTS)
def test_every_fault_is_named_with_its_place(old: str, new: str, fault: str):
    assert old in OWED
    with pytest.raises(ObligationError) as refusal:
        read_obligations(OWED.replace(old, new, 1).encode(), SMALL)
    assert any(each.startswith(fault) for each in refusal.value.faults), refusal.value.faults


def test_two_faults_are_named_together():
    broken = OWED.replace("age = 40", "age = 400").replace('"fever"\nstudy', '"cough"\nstudy')
    with pytest.raises(ObligationError) as refusal:
        read_obligations(broken.encode(), SMALL)
    assert len(refusal.value.faults) >= 2


@pytest.mark.parametrize("source", [b"\xff", b"distress = ["])
def test_what_is_no_text_or_no_toml_is_told_so(source: bytes):
    with pytest.raises(ObligationError, match=r"is not UTF-8 text|is not TOML"):
        read_obligations(source, SMALL)
