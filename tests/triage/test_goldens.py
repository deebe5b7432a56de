"""What every engine said is kept, and this one still says it, to the byte and in whatever order answers come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage import goldens
from tests.triage.small import ON
from tests.triage.worlds import WORLDS, Answers
from triage.engine import ENGINE_VERSION
from triage.facts import check_answers
from triage.outcome import decide_stored as decide
from triage.wire import write_json

KEPT = sorted(folder.name for folder in goldens.FOLDER.iterdir())


def test_this_engine_says_what_was_kept_of_its_version():
    """Where this fails, what patients are told has changed: that is another version of the engine (`make golden`)."""
    assert goldens.file_of(ENGINE_VERSION).exists(), "run `make golden` and keep what it writes"
    assert list(goldens.differences()) == []


@pytest.mark.parametrize("engine", KEPT)
def test_what_was_kept_is_whole(engine: str):
    kept = goldens.read(engine)
    assert len(kept) > 450
    whole = [each for each in kept if "outcome" in each]
    assert len(whole) > 20
    assert all(each["outcome"]["engine"] == engine for each in whole)
    assert all(goldens._digest(each["outcome"]) == each["sha256"] for each in whole)


def test_what_is_kept_is_never_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(goldens, "FOLDER", tmp_path)
    written = goldens.write()
    before = written.read_bytes()
    assert json.loads(before)
    with pytest.raises(SystemExit, match="is kept already"):
        goldens.write()
    assert written.read_bytes() == before


def test_a_changed_outcome_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    some = goldens.read(ENGINE_VERSION)[:3]
    some[1]["answers"] = {**some[1]["answers"], "ces_saddle": "yes"}
    monkeypatch.setattr(goldens, "FOLDER", tmp_path)
    goldens.file_of(ENGINE_VERSION).parent.mkdir()
    goldens.file_of(ENGINE_VERSION).write_bytes(write_json(some))
    assert [each.split(":")[0] for each in goldens.differences()] == [some[1]["id"]]


@pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
@given(data=st.data())
def test_the_order_of_the_answers_makes_no_difference(world, data):
    answers: Answers = data.draw(world.patients)
    shuffled = dict(data.draw(st.permutations(list(answers.items()))))
    assert write_json(decide(world.protocol, answers, on=ON)) == write_json(decide(world.protocol, shuffled, on=ON))


def test_contradictions_are_told_in_the_order_of_the_questions():
    disputed = {name: {"value": "no", "disputes": {"value": "yes"}} for name in ("stiff", "numb", "fever")}
    facts = check_answers(WORLDS["small"].protocol.questions, disputed, on=ON)
    assert [each.question for each in facts.conflicts] == ["numb", "fever", "stiff"]
    assert list(facts.values) == ["numb", "fever", "stiff"]
