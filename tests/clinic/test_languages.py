"""German: nothing is left untranslated, nothing of the safety questions is lost, and nothing stored changes."""

import re
from pathlib import Path

import pytest

from clinic import spoken
from tests import factories
from tests.catalogues import PAGES, PROTOCOLS, Entry, compiled, read
from triage.reading import read_protocol

CATALOGUES = [PROTOCOLS, PAGES]
KNOWN = read_protocol(factories.BACK_PAIN)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|%%")
TOLD = {entry.parts["msgid"]: entry.german[0] for entry in read(PROTOCOLS)}

# What the German of a safety question must still say, by question: one wrong word here can cost a spinal cord or a life.
MUST_SAY = {
    "ces_saddle": ("Neu aufgetreten oder schlimmer geworden", "Taubheit", "Kribbeln", "zwischen Ihren Beinen"),
    "ces_bladder": ("Neu aufgetreten oder schlimmer geworden", "Wasser zu lassen", "Urin zu halten"),
    "ces_bowel": ("Neu aufgetreten oder schlimmer geworden", "Stuhl nicht halten", "nicht spüren"),
    "ces_legs": ("Neu aufgetreten oder schlimmer geworden", "Schwäche oder Taubheit beider Beine"),
    "ces_sexual": ("Neu aufgetreten oder schlimmer geworden", "Gefühl oder Funktion"),
    "bilateral_leg_pain_new": ("Neu aufgetreten oder schlimmer geworden", "beide Beine"),
    "phq9_9": ("lieber tot", "sich Leid zufügen"),
    "sh_direct": ("letzten zwei Wochen", "sich etwas anzutun", "sich das Leben zu nehmen"),
    "sh_recent": ("letzten 3 Monaten", "selbst verletzt", "versucht, sich das Leben zu nehmen"),
    "sh_plan": ("einen Plan oder die Mittel", "haben Sie vor", "nicht für Ihre eigene Sicherheit"),
    "harm_others": ("jemandem etwas anzutun", "auch einem Baby"),
    "night_pain": ("in keiner Lage",),
    "constant_pain": ("durch keine Haltung oder Bewegung",),
    "weight_loss": ("ungewollt",),
    "overdose": ("mehr als die höchste Tagesdosis",),
}
NUMBER = re.compile(r"\d+")


def entries() -> list[Entry]:
    return [entry for file in CATALOGUES for entry in read(file)]


@pytest.mark.parametrize("question", [each for each in KNOWN.questions.values() if each.safety], ids=lambda q: q.id)
def test_every_safety_question_is_asked_in_german(question):
    texts = [question.text, question.hint, question.group, *(option.label for option in question.options)]
    assert [text for text in texts if text and not TOLD.get(text)] == []


@pytest.mark.parametrize("name", MUST_SAY)
def test_a_safety_question_keeps_its_meaning(name):
    assert [words for words in MUST_SAY[name] if words not in TOLD[KNOWN.questions[name].text]] == []


def test_the_saddle_is_told_by_its_parts():
    hint = TOLD[KNOWN.questions["ces_saddle"].hint]
    assert all(part in hint for part in ("Reithosenbereich", "Genitalien", "After", "Oberschenkel", "Gesäß"))


@pytest.mark.parametrize("part", ["flags", "rules", "exclusions", "texts"])
def test_every_reason_and_advice_is_told_in_german(part):
    texts = [getattr(each, name, "") for each in getattr(KNOWN, part) for name in ("title", "because", "means", "text")]
    assert [text for text in texts if text and not TOLD.get(text)] == []


def test_every_action_is_told_in_german():
    assert [action.id for action in KNOWN.actions.values() if not TOLD.get(action.text)] == []


def test_the_catalogue_holds_the_words_of_the_protocols_and_no_others():
    assert set(TOLD) == set(spoken.words(KNOWN))


@pytest.mark.parametrize("name", ["texts", "flags", "questions", "actions", "rules"])
def test_no_number_is_lost_on_the_way(name):
    """Ages, days and doses are the same in both languages."""
    part = getattr(KNOWN, name)
    known = part.values() if hasattr(part, "values") else part
    texts = [getattr(each, field, "") for each in known for field in ("text", "hint", "title", "because")]
    assert [t for t in texts if t and sorted(NUMBER.findall(t)) != sorted(NUMBER.findall(TOLD[t]))] == []


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.parts[-5])
def test_no_translation_is_empty_or_in_doubt(file: Path):
    assert [each.key for each in read(file) if not all(each.german) or "fuzzy" in each.flags] == []


def test_every_placeholder_is_kept():
    assert [
        (entry.key, german)
        for entry in entries()
        for german in entry.german
        if {*PLACEHOLDER.findall(german)} != {*PLACEHOLDER.findall(entry.english[-1])}
    ] == []


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.parts[-5])
def test_what_is_used_is_what_was_written(file: Path):
    written = {entry.key: "\0".join(entry.german) for entry in read(file)}
    assert compiled(file.with_suffix(".mo")) == written
