"""What a recorded study says, and what is meant where it says nothing."""

import pytest

from triage.imaging import MAXIMUM_AGE, STUDY_NAMES, Study
from triage.logic import NO, NOT_SURE, YES, Verdict
from triage.quantities import Quantity

REPORTED = Study({"modality": "mri", "region": "lumbar", "status": "reported", "class": "age_related"}, 20)
BARE = Study({"modality": "mri", "region": "lumbar", "status": "requested"})


@pytest.mark.parametrize(
    ("study", "name", "words", "expected"),
    [
        (REPORTED, "study_class", ("age_related", "no_significant_finding"), YES),
        (REPORTED, "study_class", ("serious_pathology",), NO),
        (REPORTED, "study_modality", ("mri",), YES),
        # Nobody classed or timed the report: that is known
        (BARE, "study_class", ("unclassified",), YES),
        (BARE, "study_class", ("serious_pathology",), NO),
        (BARE, "study_concordance", ("unclear",), YES),
        (BARE, "study_urgency", ("not_stated",), YES),
        # Nobody said why the scan was asked for: that is not
        (BARE, "study_reason", ("red_flag",), NOT_SURE),
        (BARE, "study_reason", ("routine", "other"), NOT_SURE),
    ],
)
def test_a_missing_word_means_what_the_format_says(study: Study, name: str, words: tuple[str, ...], expected: Verdict):
    assert study.is_one_of(name, words) is expected


def test_a_study_without_a_date_has_any_age():
    assert REPORTED.age() == Quantity.known(20)
    assert BARE.age() == Quantity.not_sure(0, MAXIMUM_AGE)


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_every_name_of_a_study_can_be_read(name: str):
    assert BARE.is_one_of(name, STUDY_NAMES[name]) in (YES, NOT_SURE)


@pytest.mark.parametrize(
    ("study", "awaited"),
    [
        (BARE, True),
        (Study({"modality": "mri", "region": "lumbar", "status": "report_unavailable"}), True),
        (Study({"modality": "mri", "region": "lumbar", "status": "reported"}), True),
        (REPORTED, False),
        (Study({"modality": "mri", "region": "lumbar", "status": "cancelled"}), False),
    ],
)
def test_a_study_is_awaited_until_a_clinician_has_classed_its_report(study: Study, *, awaited: bool):
    assert study.is_awaited is awaited
