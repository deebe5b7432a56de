"""Other wordings of a protocol are told to a reader in sentences, before and after."""

from __future__ import annotations

import pytest
from django.utils import translation

from clinic.differences import Difference, Line, differences
from clinic.sentences import Said
from tests.clinic.small_protocol import SMALL
from triage.reading import read_protocol
from triage.wording import clean_text

OLD = read_protocol(SMALL)


def told(*edits: tuple[str, str]) -> list[Difference]:
    text = SMALL.decode()
    for before, after in edits:
        assert before in text
        text = text.replace(before, after, 1)
    return differences(OLD, read_protocol(text.encode()))


def flat(said: Said) -> str:
    return clean_text(said.text) + "".join(f" [{flat(each)}]" for each in said.parts)


def only(*edits: tuple[str, str]) -> tuple[str, str, list[tuple[str, list[str], list[str]]]]:
    [found] = told(*edits)
    lines = [(each.label, [flat(s) for s in each.old], [flat(s) for s in each.new]) for each in found.lines]
    return found.what, f"{found.part}: {found.name}", lines


@pytest.mark.parametrize(
    ("edit", "name", "line"),
    [
        (
            ('when = "pain_days > 42"', 'when = "pain_days > 40"'),
            "Meaning of a word: the pain has lasted more than six weeks",
            ("Only where", ["For how many days? more than 42"], ["For how many days? more than 40"]),
        ),
        (
            ('level = "7d"', 'level = "24h"'),
            "Flag: Weight loss with another sign",
            ("By when", ["within 7 days"], ["the same day"]),
        ),
        (
            ('actions = ["book_review", "tell_gp"]', 'actions = ["book_review"]'),
            "Flag: Weight loss with another sign",
            ("Actions", ["Tell the GP. (the clinician present)"], []),
        ),
        (
            ('{ when = "mood >= 1", means = "some" }', '{ when = "mood >= 2", means = "some" }'),
            "Meaning of a word: psychological need",
            ("Steps", ["some [Mood: at least 1]"], ["some [Mood: at least 2]"]),
        ),
        (
            ('{ service = "cbt", when = "need >= 2" }', '{ service = "cbt", when = "need >= 1" }'),
            "Rule: Any other flag",
            (
                "Referrals that may go ahead",
                ["CBT Only where [Psychological need: at least 2 (much)]"],
                ["CBT Only where [Psychological need: at least 1 (some)]"],
            ),
        ),
        (
            ('{ service = "cbt", priority = "routine" }', '{ service = "cbt", priority = "soon" }'),
            "Rule: Persistent, limiting and burdened",
            ("Referrals", ["CBT: routine, within 6 weeks"], ["CBT: soon, within 14 days"]),
        ),
        (
            ('{ value = "tablets", label = "Tablets" }', '{ value = "tablets", label = "Pills" }'),
            "Question: What was tried?",
            ("Answers", ["Tablets"], ["Pills"]),
        ),
        (
            ('disposition = "self_manage"', 'disposition = "refer"'),
            "Rule: Nothing else",
            ("Outcome", ["Self-management"], ["Refer"]),
        ),
        (("signed_off = false", "signed_off = true"), "The protocol: Small", ("Signed off by a clinician", ["No"], ["Yes"])),
        (("review_due = 2027-05-23", "review_due = 2028-05-23"), "The protocol: Small", ("Review due", ["23 May 2027"], ["23 May 2028"])),
        (('{ from = 2, label = "low" }', '{ from = 3, label = "low" }'), "Questionnaire: Mood", ("Bands", ["2: low"], ["3: low"])),
        (('loinc = "0-0"', 'loinc = "1-1"'), "Questionnaire: Mood", ("codes", ["loinc 0-0"], ["loinc 1-1"])),
        (('asked_by = "clinician"', ""), "Question: Who examined?", ("For whom to answer", ["clinician"], [])),
    ],
)  # fmt: skip
def test_what_changed_is_said_before_and_after(
    edit: tuple[str, str], name: str, line: tuple[str, list[str], list[str]]
) -> None:
    assert only(edit) == ("Changed", name, [line])


def test_a_flag_that_is_gone_is_told_whole() -> None:
    flag = next(each for each in SMALL.decode().split("\n\n") if each.startswith('[[flags]]\nid = "weight"'))
    what, name, lines = only((flag, ""))
    assert (what, name) == ("Removed", "Flag: Weight loss")
    assert ("Only where", ["Losing weight? Yes"], []) in lines
    assert ("Because", ["It has to be looked at."], []) in lines
    assert all(new == [] for _label, _old, new in lines)


def test_the_order_of_rules_is_told_by_their_titles() -> None:
    rules = [each for each in SMALL.decode().split("\n\n") if each.startswith("[[rules]]")]
    _what, _name, [(label, old, new)] = only((f"{rules[0]}\n\n{rules[1]}", f"{rules[1]}\n\n{rules[0]}"))
    assert label == "Order in which they decide"
    assert (old[:2], new[:2]) == (
        ["Any emergency flag", "Any same-day flag"],
        ["Any same-day flag", "Any emergency flag"],
    )


def test_two_words_that_are_one_in_german_are_still_told_apart() -> None:
    with translation.override("de"):
        [found] = told(('title = "Emergency"', 'title = "Urgent now"'))
        assert (found.part, found.what) == ("Ergebnis", "Geändert")
        assert found.lines == (Line("Titel", (Said("Notfall"),), (Said("Urgent now"),)),)
