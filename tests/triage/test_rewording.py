"""What two versions of a protocol say otherwise is told part by part, and nothing else is."""

from typing import Any

import pytest

from tests.triage.small import SOURCE
from triage.conditions import Comparison
from triage.protocol import Urgency
from triage.reading import read_protocol
from triage.rewording import Rewording, rewordings

FLAG = next(each for each in SOURCE.split("\n\n") if each.startswith('[[flags]]\nid = "weight"'))


def changed(before: str, after: str) -> tuple[Rewording, ...]:
    assert before in SOURCE
    return rewordings(*(read_protocol(text.encode()) for text in (SOURCE, SOURCE.replace(before, after, 1))))


def told(*edit: str) -> list[tuple[str, str, str, Any, Any]]:
    return [(each.part, each.id, d.name, d.old, d.new) for each in changed(*edit) for d in each.details]


def test_the_number_of_the_version_alone_is_no_other_text():
    assert changed('version = "0.1.0"', 'version = "0.2.0"') == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('text = "A fever?"', 'text = "A high fever?"', ("questions", "fever", "text", "A fever?", "A high fever?")),
        ('level = "7d"', 'level = "24h"', ("flags", "wasting", "level", Urgency.SEVEN_DAYS, Urgency.SAME_DAY)),
        ("review_days = 42", "review_days = 40", ("rules", "both", "review_days", 42, 40)),
        ('text = "Keep moving."', 'text = "Rest."', ("texts", "keep_moving", "text", "Keep moving.", "Rest.")),
        ('citation = "An older guideline"', 'citation = "Gone"', ("sources", "R2", "citation", "An older guideline", "Gone")),
        ('title = "Self-management"', 'title = "Self-care"', ("dispositions", "self_manage", "title", "Self-management", "Self-care")),
        ('title = "Red flags"', 'title = "Flags"', ("sections", "flags", "title", "Red flags", "Flags")),
        ('text = "Tell the GP."', 'text = "Write."', ("actions", "tell_gp", "text", "Tell the GP.", "Write.")),
        ('means = "history only"', 'means = "asked"', ("exclusions", "X1", "means", "history only", "asked")),
        ('name = "Mood"', 'name = "Spirits"', ("instruments", "mood", "name", "Mood", "Spirits")),
        ('title = "Small"', 'title = "Little"', ("protocol", "small", "title", "Small", "Little")),
        ('because = "Questions are', 'because = "Some are', ("incomplete", "", "because", "Questions are still open that could change the outcome.", "Some are still open that could change the outcome.")),
    ],
)  # fmt: skip
def test_another_word_is_told_with_the_word_before(before: str, after: str, expected: tuple[str, str, str, Any, Any]):
    assert told(before, after) == [expected]


def test_another_threshold_is_told_as_a_condition():
    [(part, name, field, old, new)] = told('when = "pain_days > 42"', 'when = "pain_days > 40"')
    assert (part, name, field) == ("facts", "persistent", "when")
    assert (old, new) == (Comparison("pain_days", ">", 42), Comparison("pain_days", ">", 40))


def test_an_entry_that_is_gone_or_new_is_told_whole():
    [gone] = changed(FLAG, "")
    assert (gone.part, gone.id, gone.old.title, gone.new) == ("flags", "weight", "Weight loss", None)
    renamed = changed(FLAG, FLAG.replace('id = "weight"', 'id = "thin"'))
    assert [(each.id, each.old is None, each.new is None) for each in renamed] == [
        ("thin", True, False),
        ("weight", False, True),
    ]


def test_another_order_of_the_rules_is_told_for_it_decides():
    rules = [each for each in SOURCE.split("\n\n") if each.startswith("[[rules]]")]
    [moved] = changed(f"{rules[0]}\n\n{rules[1]}", f"{rules[1]}\n\n{rules[0]}")
    [order] = moved.details
    assert (moved.part, order.name, order.old[:2], order.new[:2]) == (
        "rules",
        "order",
        ("emergency", "urgent"),
        ("urgent", "emergency"),
    )
