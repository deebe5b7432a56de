"""Every slip that an author could make is made, and vignettes and proofs notice it."""

import pytest

from tests.triage.small import SMALL, SOURCE
from tests.triage.worlds import WORLDS, World
from triage.conditions import parse
from triage.mutants import mutants
from triage.reading import read_protocol
from triage.slips import slips
from triage.written import written

in_every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))


@in_every_world
def test_a_condition_is_written_as_it_is_read(world: World):
    rules = [each for rule in world.protocol.rules for each in (rule.when, *rule.own_conditions)]
    for condition in [*world.conditions, *rules]:
        assert parse(written(condition)) == condition


# A condition, and all that is one slip away from it.
SLIPS = {
    "fever": ["not fever"],
    "not fever": ["fever", "not not fever"],
    "age >= 60": ["not age >= 60", "age >= 59", "age >= 61"],
    "numb_days < pain_days": ["not numb_days < pain_days"],
    'site == "lumbar"': ['not site == "lumbar"'],
    'site in ("lumbar", "thoracic")': [
        'not site in ("lumbar", "thoracic")', 'site == "thoracic"', 'site == "lumbar"',
    ],
    "fever and numb": ["fever or numb", "numb", "fever", "not fever and numb", "fever and not numb"],
    "fever or numb": ["fever and numb", "numb", "fever", "not fever or numb", "fever or not numb"],
    "count(fever, numb) >= 2": [
        "count(fever, numb) >= 1", "count(fever, numb) >= 3", "count(numb) >= 2", "count(fever) >= 2",
        "count(not fever, numb) >= 2", "count(fever, not numb) >= 2",
    ],
    "certain(fever)": ["fever", "possible(fever)", "certain(not fever)"],
    "presumed(fever)": ["fever", "possible(fever)", "certain(fever)", "presumed(not fever)"],
    'flagged("now", "24h")': ['unsure("now", "24h")', 'flagged("24h")', 'flagged("now")'],
}  # fmt: skip


@pytest.mark.parametrize(("condition", "expected"), SLIPS.items(), ids=list(SLIPS))
def test_every_slip_of_a_condition_is_made_once(condition: str, expected: list[str]):
    assert [written(slipped) for _, slipped in slips(parse(condition))] == expected


def test_every_slip_has_a_name_of_its_own_and_changes_the_protocol():
    found = mutants(SMALL)
    assert len({each.name for each in found}) == len(found) > 200
    as_it_is = repr(SMALL)
    assert [each.name for each in found if repr(each.protocol) == as_it_is] == []
    assert [each.name for each in mutants(read_protocol(SOURCE.encode()))] == [each.name for each in found]


NAMED = [
    "flags[fever]: left out",
    "flags[fever].when: fever -> not fever",
    "flags[wasting].level: 14d",
    "flags[wasting].not_sure: 7d",
    "flags[wish].actions: without tell_gp",
    "flags[wish].not_sure_actions: without same_day",
    "flags[stiff].allows: without cbt",
    "rules[scope]: left out",
    "rules[scope].at_once: left out",
    "rules[scope]: moved above urgent",
    "rules[review].permits: without cbt",
    "rules[review].permits[cbt].when: left out",
    "rules[both].referrals: without cbt routine",
    "rules[both].referrals[cbt routine]: soon",
    "rules[both].actions: without tell_gp",
    "rules[both].actions[book_review].when: certain(age >= 60) -> possible(age >= 60)",
    "facts.persistent.when: pain_days > 42 -> pain_days > 41",
    "facts.scan_waiting.when: study_age_days <= 90 -> study_age_days <= 91",
    "levels.need.steps[1].when: mood >= 3 -> mood >= 2",
    "questions[numb_days].ask_when: left out",
    "incomplete.actions: without ask",
]


@pytest.mark.parametrize("name", NAMED)
def test_slips_of_every_kind_are_made(name: str):
    assert name in {each.name for each in mutants(SMALL)}
