"""A record says of a patient what the checked answers do, or is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.small import CLEAR, ON, SMALL, SOURCE, check
from tests.triage.worlds import STUDIES, WORLDS, Answers, World
from triage.cohort import Cohort
from triage.cohort_decisions import decide
from triage.facts import check_answers
from triage.packing import MARK, Packing, TooMuch, asked_otherwise
from triage.protocol import Protocol
from triage.reading import read_protocol

PACKING = Packing(SMALL)


def record(answers: Answers) -> bytes:
    return PACKING.pack(check(answers).values)


def changed(old: str, new: str) -> Protocol:
    assert old in SOURCE
    return read_protocol(SOURCE.replace(old, new, 1).encode())


def test_a_record_is_laid_out_as_those_that_are_stored():
    """Another layout is another FORMAT: what is stored would be read wrongly."""
    study = {**STUDIES[0], "age_days": 300}
    answers = {**CLEAR, "fever": "not_sure", "imaging": [study], "mood_1": "not_sure"}
    del answers["stiff"], answers["pain_days"]
    assert record(answers).hex() == (
        "01" + "00" * 8 + "00" * 2 + "fe00ff01000128" + "00" + "ffff" + "ffff" + "0000" + "feff" + "0000" + "ffff"
        "0dc80000" + "00" * 12 + "2c01" + "00" * 6
    )


def test_every_kind_of_answer_has_its_place():
    listed = [*STUDIES[:3], {"modality": "ct", "region": "other", "status": "requested"}]
    columns = PACKING.columns([record(CLEAR), record({"fever": "yes", "imaging": listed, "age": "not_sure"})])
    assert {name: columns.words[name].tolist() for name in ("fever", "site", "limits")} == {
        "fever": [0, 1],
        "site": [0, 255],
        "limits": [0, 255],
    }
    assert columns.numbers["age"].tolist() == [40, 65534]
    assert columns.numbers["pain_days"].tolist() == [10, 65535]
    assert columns.words["imaging"].tolist() == [0, 4]
    assert columns.ages.tolist() == [[0, 20], [0, 20], [0, 20], [0, 65535]]
    assert len(set(columns.kinds[:, 1].tolist())) == 4


def test_no_more_studies_are_read_than_there_are():
    assert PACKING.columns([record(CLEAR), record({"imaging": "not_sure"}), record({})]).kinds.shape == (0, 3)


def test_a_mark_stays_with_its_record():
    marked = PACKING.pack(check(CLEAR).values, (258).to_bytes(MARK, "little"))
    assert PACKING.columns([record(CLEAR), marked]).marks.tolist() == [0, 258]


def test_of_some_patients_only_theirs_is_read():
    columns = PACKING.columns([record({}), record({"fever": "yes"}), record({"imaging": [STUDIES[0]]})])
    some = columns.some(columns.marks.argsort(kind="stable")[1:])
    assert len(some) == 2
    assert some.words["fever"].tolist() == [1, 255]
    assert (some.kinds.shape, some.ages.tolist()) == ((1, 2), [[0, 20]])


@pytest.mark.parametrize(
    "answers",
    [
        {"imaging": STUDIES[:5]},
        {"imaging": [{**STUDIES[0], "age_days": 36525}, {**STUDIES[0], "performed_on": "1816-11-23"}]},
    ],
    ids=["more studies than it holds", "a study older than it counts"],
)
def test_what_has_no_place_is_refused_and_never_cut(answers: Answers):
    if "performed_on" in answers["imaging"][-1]:
        del (study := answers["imaging"][-1])["age_days"]
        assert study["performed_on"] < (ON - timedelta(days=65535)).isoformat()
    with pytest.raises(TooMuch):
        record(answers)


def test_a_number_without_a_place_is_refused():
    wide = changed("max = 3650\n", "max = 99999\n")
    packing = Packing(wide)
    assert packing.columns([packing.pack({"pain_days": 65533})]).numbers["pain_days"].tolist() == [65533]
    with pytest.raises(TooMuch):
        packing.pack({"pain_days": 65534})


def test_a_record_of_another_layout_is_not_read():
    mine = record(CLEAR)
    assert PACKING.fits(mine)
    assert not PACKING.fits(mine[:-1])
    assert not PACKING.fits(bytes([mine[0] + 1]) + mine[1:])
    assert not PACKING.fits(b"")


def test_records_serve_a_protocol_with_other_rules():
    """A new version decides by the answers that were packed under the one before."""
    other = changed('when = "pain_days > 42"', 'when = "pain_days > 21"')
    assert asked_otherwise(SMALL, other) == []
    burdened = record(CLEAR | {"pain_days": 30, "limits": "yes", "mood_1": 1})
    columns = PACKING.columns([burdened])
    assert [other.rules[decide(each, columns).rules[0]].id for each in (SMALL, other)] == ["steady", "both"]


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("max = 3650", "max = 365", "pain_days"),
        ('text = "Stiff in the morning?"\ntype = "tri"\nsafety = true', 'text = "?"\ntype = "tri"', "stiff"),
        ('{ value = "thoracic"', '{ value = "neck", label = "Neck" },\n{ value = "thoracic"', "site"),
        ('days_since = "numb_since"\n', "", "numb_days"),
    ],
)
def test_what_is_asked_in_another_way_is_told(old: str, new: str, name: str):
    other = changed(old, new)
    assert name in asked_otherwise(SMALL, other)
    assert name in asked_otherwise(other, SMALL)


def test_other_words_for_the_same_question_make_no_difference():
    assert asked_otherwise(SMALL, changed("Stiff in the morning?", "Stiff?")) == []


def test_what_was_not_asked_before_has_no_record():
    earlier = replace(SMALL, questions={name: each for name, each in SMALL.questions.items() if name != "fever"})
    assert asked_otherwise(earlier, SMALL) == []
    packing = Packing(earlier)
    cohort = Cohort(SMALL, packing.columns([packing.pack(check(CLEAR).values)]))
    nobody = Cohort(SMALL, PACKING.columns([record({})]))
    assert cohort.flags["fever"].bytes.tolist() == nobody.flags["fever"].bytes.tolist()


@pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
def test_every_question_that_is_read_has_a_place(world):
    packing = Packing(world.protocol)
    placed = {each.id for each in (*packing.words, *packing.numbers)}
    assert set(world.protocol.most_decisive_first) <= placed


@pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
@given(data=st.data())
def test_stored_answers_are_packed_as_those_that_are_checked_again(world: World, data):
    answers = data.draw(world.patients)
    stored = {name: {"value": value, "source": "staff"} for name, value in answers.items()}
    values = Packing(world.protocol).stored_values(stored, on=ON)
    if values is None:
        assert {question.days_since for question in world.protocol.questions.values()} & {*answers, None}
        return
    packing = Packing(world.protocol)
    assert packing.pack(values) == packing.pack(check_answers(world.protocol.questions, stored, on=ON).values)


def test_stored_answers_with_two_sources_or_a_date_are_checked_again():
    disputed = {"fever": {"value": "no", "disputes": {"value": "yes"}}}
    assert PACKING.stored_values(disputed, on=ON) is None
    assert PACKING.stored_values({"numb_since": {"value": "2026-11-20"}}, on=ON) is None
    assert PACKING.stored_values({"numb_days": {"value": 3}}, on=ON) == {"numb_days": 3}


@pytest.mark.parametrize("values", [{"fever": "perhaps"}, {"age": "forty"}, {"age": -1}, {"site": "neck"}])
def test_what_was_stored_past_every_check_has_no_place(values: dict):
    with pytest.raises(TooMuch):
        PACKING.pack(values)
