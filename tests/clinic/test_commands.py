"""The commands: evaluate, check_protocol, publish_protocol."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clinic import expectations
from clinic.models import ProtocolRelease
from tests import factories
from tests.clinic.small_protocol import SMALL
from tests.clinic.test_api_bad_input import ANSWERS
from triage import symbolic

SHIPPED = factories.FIXTURES / "protocols" / "back-pain" / "1.0.0.toml"
DEMO = factories.FIXTURES / "demo" / "three-patients.json"

Write = Callable[[Any], Path]


@pytest.fixture
def answers_file(tmp_path: Path) -> Write:
    """Writes JSON, or bytes as they are, to a file."""

    def write(content: Any) -> Path:
        file = tmp_path / "answers.json"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return file

    return write


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


def evaluate(file: Path, protocol: str = "back-pain", *options: str) -> Any:
    return json.loads(run("evaluate", protocol, file, *options))


def test_no_answers_leave_everything_open(answers_file: Write) -> None:
    outcome = evaluate(answers_file({}))
    assert outcome["disposition"] == "incomplete"
    asked = {each["question"] for each in outcome["outstanding"] if each["safety"]}
    assert {"ces_saddle", "fever", "sh_plan"} <= asked


def test_one_red_flag_alone_is_an_emergency(answers_file: Write) -> None:
    assert evaluate(answers_file({"ces_saddle": "yes"}))["disposition"] == "emergency"


def test_failed_treatment_and_low_mood_lead_to_physiotherapy_and_cbt(answers_file: Write) -> None:
    answers = factories.BASELINES["distressed_after_treatment"]
    outcome = evaluate(answers_file(answers))
    assert outcome["disposition"] == "refer"
    assert [each["service"] for each in outcome["referrals"]] == ["physiotherapy", "cbt"]
    without = {name: answer for name, answer in answers.items() if name != "fever"}
    assert evaluate(answers_file(without))["disposition"] != "refer"


def test_a_list_of_answer_sets_gives_a_list(answers_file: Write) -> None:
    outcomes = evaluate(answers_file([{}, {"patient": "in words", "answers": {"ces_saddle": "yes"}}]))
    assert [each["disposition"] for each in outcomes] == ["incomplete", "emergency"]
    assert evaluate(answers_file([])) == []


def test_answers_are_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b'{"fever": "yes"}')))
    assert json.loads(run("evaluate", "back-pain", "-"))["findings"]


def test_answers_with_a_byte_order_mark_are_read(answers_file: Write) -> None:
    assert evaluate(answers_file(b'\xef\xbb\xbf{"ces_saddle": "yes"}'))["disposition"] == "emergency"


def test_answers_in_another_encoding_are_refused_plainly(answers_file: Write) -> None:
    with pytest.raises(CommandError, match="it is UTF-16; save it as UTF-8"):
        evaluate(answers_file('{"ces_saddle": "yes"}'.encode("utf-16")))
    with pytest.raises(CommandError, match="byte 0xfc at line 2 cannot be read; save it as UTF-8"):
        evaluate(answers_file('{\n"für": "yes"}'.encode("latin-1")))


def test_a_version_and_a_day_can_be_chosen(answers_file: Write) -> None:
    outcome = evaluate(answers_file({}), "back-pain/1.0.0", "--on", "2026-03-01")
    assert (outcome["protocol"]["version"], outcome["on"]) == ("1.0.0", "2026-03-01")


@pytest.mark.parametrize("name", ["toothache", "back-pain/9.9.9", "../back-pain", "back-pain/", ""])
def test_an_unknown_protocol_is_refused(answers_file: Write, name: str) -> None:
    with pytest.raises(CommandError, match="There is no protocol") as refusal:
        run("evaluate", name, answers_file({}))
    assert refusal.value.returncode == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"NaN", b"\xff", b"[" * 100_000, b"1", b'"yes"', b"null", b"[1]", b'{"age": 1.5}', b'{"a": 1, "a": 1}'],
)
def test_what_is_no_set_of_answers_is_refused(answers_file: Write, content: bytes) -> None:
    with pytest.raises(CommandError) as refusal:
        run("evaluate", "back-pain", answers_file(content))
    assert refusal.value.returncode == 2


def test_bad_answers_are_refused_by_the_command(answers_file: Write, subtests: pytest.Subtests) -> None:
    for name, (answers, path) in ANSWERS.items():
        with subtests.test(name):
            with pytest.raises(CommandError) as refusal:
                run("evaluate", "back-pain", answers_file(answers))
            assert refusal.value.returncode == 2
            assert path in str(refusal.value)


def test_every_fault_of_every_set_is_named_and_nothing_is_printed(
    answers_file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("evaluate", "back-pain", str(answers_file([{"fever": "maybe", "phq9_1": 9}, {}, {"x": 1}])))
    faults = str(refusal.value).splitlines()[1:]
    assert [fault.split()[0] for fault in faults] == ["[0].fever", "[0].phq9_1", "[2].x"]
    assert capsys.readouterr().out == ""


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"absent\.json: No such file"):
        run("evaluate", "back-pain", tmp_path / "absent.json")


def test_the_demo_patients_differ_in_what_is_suggested() -> None:
    assert [each["disposition"] for each in evaluate(DEMO)] == ["emergency", "refer", "incomplete"]
    summary = run("evaluate", "back-pain", DEMO, "--summary")
    assert "Suggested: refer to physiotherapy and cognitive behavioural therapy" in summary
    assert summary.count("Questions still open:") == 3


def test_the_shipped_protocol_holds_for_every_vignette_and_is_proved_for_everybody() -> None:
    said = run("check_protocol", SHIPPED)
    assert re.search(r"([1-9]\d*) of \1 vignettes hold", said)
    assert re.search(r"([1-9]\d*) of \1 properties hold for every one of 3\.0 x 10\^85 possible intakes", said)


def test_every_fault_of_a_protocol_is_named_with_its_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    source = (
        SHIPPED.read_text().replace('level = "now"', 'level = "soonish"', 1).replace('cites = ["R2"', 'cites = ["R99"')
    )
    broken.write_text(source)
    with pytest.raises(CommandError) as refusal:
        run("check_protocol", broken, SHIPPED)
    faults = str(refusal.value).splitlines()[1:]
    assert len(faults) > 1
    assert all(fault.startswith(f"{broken}: ") for fault in faults)


def test_a_protocol_that_says_otherwise_than_its_vignettes_is_told_so_with_the_patient_it_harms(tmp_path: Path) -> None:
    changed = tmp_path / "changed.toml"
    changed.write_text(SHIPPED.read_text().replace('when = "duration_days > 42"', 'when = "duration_days >= 42"'))
    with pytest.raises(CommandError, match="day-42: referrals: expected") as refusal:
        run("check_protocol", changed)
    assert refusal.value.returncode == 1
    said = str(refusal.value)
    assert "six_weeks (F13): Up to 42 days psychological care rests on a score or panic" in said
    assert "    How many days ago did this spell of pain begin? 42 days\n" in said
    assert "    Outcome: Suggested: refer to physiotherapy and cognitive behavioural therapy" in said


def test_a_protocol_that_cannot_be_proved_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, owed = tmp_path / "next.toml", tmp_path / "small.toml"
    file.write_bytes(SMALL)
    monkeypatch.setattr(expectations, "OBLIGATIONS", tmp_path)
    monkeypatch.setattr(symbolic, "MOST_NODES", 50)
    with pytest.raises(CommandError, match="too large to be proved: more than 50 nodes"):
        run("check_protocol", file)
    owed.write_text('obligations = []\ndescriptive = ["height"]\n')
    with pytest.raises(CommandError, match='what it owes cannot be said of it: descriptive: "height" is not one of'):
        run("check_protocol", file)


@pytest.mark.django_db
def test_an_approver_publishes_a_protocol() -> None:
    author, approver = factories.author_and_approver()
    said = run("publish_protocol", SHIPPED, "--author", author.username, "--by", approver.username)
    assert said.startswith("back-pain/1.0.0 is published")
    release = ProtocolRelease.objects.get()
    assert (release.status, release.authored_by, release.approved_by) == ("published", author, approver)


@pytest.mark.django_db
def test_who_may_not_publish_is_told_so(tmp_path: Path) -> None:
    author, approver = factories.author_and_approver()
    for names, refusal in (
        ((author.username, author.username), "You may not approve, publish"),
        ((approver.username, approver.username), "You may not write protocols"),
        ((author.username, "nobody"), "There is no user 'nobody'"),
    ):
        with pytest.raises(CommandError, match=refusal):
            run("publish_protocol", SHIPPED, "--author", names[0], "--by", names[1])
    assert not ProtocolRelease.objects.exists()


@pytest.mark.django_db
def test_a_faulty_protocol_is_not_published(tmp_path: Path) -> None:
    author, approver = factories.author_and_approver()
    faulty = tmp_path / "faulty.toml"
    faulty.write_text("[protocol]\nid = 3\n")
    with pytest.raises(CommandError, match=r"faulty\.toml: ") as refusal:
        run("publish_protocol", faulty, "--author", author.username, "--by", approver.username)
    assert len(str(refusal.value).splitlines()) > 5
    assert not ProtocolRelease.objects.exists()


def test_a_citation_of_a_withdrawn_source_is_named(tmp_path: Path) -> None:
    changed = tmp_path / "changed.toml"
    changed.write_text(SMALL.decode().replace('status = "current"', 'status = "withdrawn"', 1))
    with pytest.raises(CommandError, match=r'cites: "\w+" is withdrawn and may not be relied on'):
        run("check_protocol", changed)


@pytest.mark.django_db
def test_an_author_drafts_a_file_and_changes_the_draft(tmp_path: Path) -> None:
    author, approver = factories.author_and_approver()
    file = tmp_path / "next.toml"
    file.write_text(SHIPPED.read_text().replace('version = "1.0.0"', 'version = "1.1.0"', 1))
    assert run("draft_protocol", file, "--by", author.username).startswith("back-pain/1.1.0 is stored")
    file.write_text(file.read_text() + "\n# one word more\n")
    assert "its status is draft" in run("draft_protocol", file, "--by", author.username)
    release = ProtocolRelease.objects.get()
    assert (release.status, release.source) == ("draft", file.read_text())
    with pytest.raises(CommandError, match="You may not write"):
        run("draft_protocol", file, "--by", approver.username)
    file.write_text("[protocol]")
    with pytest.raises(CommandError, match=r"next\.toml: "):
        run("draft_protocol", file, "--by", author.username)
