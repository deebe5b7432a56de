"""Letters: accessible, literal, and honest about what is not known."""

import io
import re
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock
from clinic.actions import decisions, intakes, letters, stops
from clinic.letters.completeness import missing
from clinic.letters.content import content
from clinic.letters.typesetting import pdf
from clinic.models import Assessment, Site, User
from clinic.permissions import Role
from tests import factories

KINDS = ("physiotherapy", "cbt", "psychology", "gp", "emergency", "patient")
REFERRED = "distressed_after_treatment"
PDFTOTEXT = "/usr/bin/pdftotext"  # of Debian's poppler-utils
FONTS = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
reading = pytest.mark.skipif(
    not (Path(PDFTOTEXT).exists() and Path(FONTS).exists()), reason="needs Debian's poppler-utils and Noto fonts"
)
MARKUP = '*bold* #import "x" $x$ @cite <tag> \\u{41} // gone'


@pytest.fixture
def sender(db: None) -> Site:
    return factories.site(address="1 Example Road\nExampleton", phone="01632 960000")


@pytest.fixture
def doctor(sender: Site) -> User:
    return factories.user(Role.CLINICIAN, sender)


@pytest.fixture
def decided(sender: Site, doctor: User) -> Assessment:
    assessment = factories.assessment(sender, doctor, REFERRED)
    decisions.decide(assessment=assessment, kind="accepted", by=doctor)
    return assessment


def letter(assessment: Assessment, kind: str, **details: Any) -> Any:
    return content(assessment=assessment, kind=kind, on=clock.today(None), **details)


def words(made: Any) -> str:
    """Every word of a letter as data, in one string."""
    return str(made)


@pytest.mark.parametrize("kind", KINDS)
def test_every_letter_is_a_tagged_pdf_with_title_and_language(decided: Assessment, kind: str) -> None:
    with pikepdf.open(io.BytesIO(pdf(letter(decided, kind)))) as document:
        assert document.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in document.Root
        assert str(document.Root.Lang) == "en"
        with document.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"]
        assert 1 <= len(document.pages) <= 3


def test_the_same_letter_is_the_same_bytes(decided: Assessment) -> None:
    assert pdf(letter(decided, "gp")) == pdf(letter(decided, "gp"))


def test_a_letter_in_german_says_so(decided: Assessment) -> None:
    with pikepdf.open(io.BytesIO(pdf(letter(decided, "patient", language="de")))) as document:
        assert str(document.Root.Lang) == "de"


def test_what_was_not_asked_is_listed_as_not_excluded(sender: Site, doctor: User) -> None:
    unasked = factories.answers("clear_adult", ces_bladder="not_sure")
    del unasked["ces_saddle"]
    intake = factories.open_intake(sender, doctor)
    assessment = intakes.answer(intake=intake, answers=unasked, by=doctor)
    made = letter(assessment, "gp")
    states = {row[0]: row[1] for row in made.parts["open"].rows}
    assert states["Saddle numbness"] == "Not asked"
    assert states["Bladder trouble"] == "Not sure"
    told = "; ".join(row[1] for row in made.parts["excluded"].rows)
    assert "Saddle numbness" not in told
    assert "Bladder trouble" not in told
    assert "Loss of bowel control" in told


def test_what_a_report_may_still_show_is_not_answered_no(sender: Site, doctor: User) -> None:
    study = {"modality": "mri", "region": "lumbar", "status": "reported", "reason": "routine"}
    assessment = factories.assessment(sender, doctor, imaging=[study])
    states = {each["flag"]: each["state"] for each in assessment.outcome["findings"]}
    assert (states["imaging_serious"], states["ces_saddle"]) == ("awaited", "excluded")
    made = letter(assessment, "emergency")
    assert ("Serious disease on imaging, urgency not stated", "Awaits a report or its class", "") in made.parts[
        "open"
    ].rows
    assert "Serious disease on imaging" not in str(made.parts["excluded"].rows)


def test_findings_answered_no_name_the_day_and_who_asked(decided: Assessment, doctor: User) -> None:
    asked = {row[2] for row in letter(decided, "physiotherapy").parts["excluded"].rows}
    assert len(asked) == 1
    assert asked.pop().endswith(doctor.display_name)


def test_a_score_with_missing_items_is_a_range_with_its_coverage(sender: Site, doctor: User) -> None:
    answers = factories.answers("clear_adult")
    del answers["phq9_2"], answers["phq9_3"]
    intake = factories.open_intake(sender, doctor)
    assessment = intakes.answer(intake=intake, answers=answers, by=doctor)
    (row,) = [row for row in letter(assessment, "gp").parts["scores"].rows if row[0] == "PHQ-9"]
    assert "items are missing" in row[1]
    assert row[3] == "7 of 9"


def test_the_patients_copy_holds_no_score_and_no_question_about_self_harm(decided: Assessment) -> None:
    source = (factories.FIXTURES.parent / "clinic/letters/templates/patient.typ").read_text()
    shown = [name for name in letter(decided, "patient").parts if f'"{name}"' in source]
    assert shown == ["plain", "next", "safety_net", "advice", "numbers"]
    told = " ".join(words(letter(decided, "patient").parts[name]) for name in shown)
    assert "PHQ" not in told
    assert "999" in told
    assert "{" not in told.replace("{'", "")


def test_words_that_look_like_markup_stay_words(sender: Site, doctor: User) -> None:
    studies = [{"modality": "mri", "region": "lumbar", "status": "reported", "age_days": 10, "finding": MARKUP}]
    assessment = factories.assessment(sender, doctor, imaging=studies)
    made = letter(assessment, "gp", destination=MARKUP)
    assert made.parts["imaging"].rows[0][3] == MARKUP
    assert len(pdf(made)) > 10_000


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200))
def test_whatever_is_written_a_letter_is_set(decided: Assessment, anything: str) -> None:
    assert pdf(letter(decided, "gp", destination=anything)).startswith(b"%PDF")


def read(made: bytes) -> str:
    """The words of a letter as a program takes them out of it."""
    return (
        subprocess.run([PDFTOTEXT, "-layout", "-", "-"], input=made, capture_output=True, check=True)  # noqa: S603
        .stdout.decode()
        .replace("\u200b", "")
    )


@reading
def test_a_character_without_a_glyph_stands_as_a_square_and_the_letter_says_so(decided: Assessment) -> None:
    made = read(pdf(letter(decided, "gp", destination="Dr \U0001f600 \U0001f923 Bones")))
    assert "Dr □ □ Bones" in made
    assert "cannot be printed here stands as □" in made
    assert "cannot be printed" not in read(pdf(letter(decided, "gp", destination="Dr 骨 Bones")))


@reading
def test_a_letter_of_many_characters_without_a_glyph_is_set_in_time(decided: Assessment) -> None:
    anything = "".join(chr(0x1F900 + each) for each in range(190))
    began = time.monotonic()
    assert "□" * 5 in read(pdf(letter(decided, "gp", destination=anything)))
    assert time.monotonic() - began < 10


NAMES = {
    "Chinese": ("小明", "陈", "陈 小明", "Chen Xiaoming"),
    "Japanese": ("たろう", "山田", "山田 たろう", "Tarou"),
    "Korean": ("민수", "김", "김 민수", "Gim Minsu"),
    "Arabic": ("محمد", "علي", "", "Mhmd"),
    "Hebrew": ("שרה", "כהן", "", "Srh"),
    "Thai": ("สมชาย", "ใจดี", "", ""),
    "Hindi": ("सुनीता", "शर्मा", "", ""),
    "Tamil": ("முத்து", "", "", ""),
    "Georgian": ("ნინო", "", "ნინო", "Nino"),
    "Amharic": ("ሰላም", "", "ሰላም", ""),
    "Tibetan": ("བསོད་ནམས", "", "", ""),
    "Burmese": ("အောင်ဆန်း", "", "", ""),
    "in no font": ("\U000323ae", "", "□", ""),
}


@reading
@pytest.mark.parametrize("script", NAMES)
def test_an_emergency_letter_is_never_refused_for_a_name(sender: Site, doctor: User, script: str) -> None:
    given, family, printed, latin = NAMES[script]
    patient = factories.patient(sender, given_name=given, family_name=family, date_of_birth="1986-03-04")
    factories.published_release()
    intake = intakes.open(patient=patient, by=doctor)
    assessment = intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=doctor)
    _, made = letters.issue(assessment=assessment, kind="emergency", by=doctor)
    told = read(made)
    assert printed in told
    assert latin in told
    assert "In Latin letters, by a program" in told
    assert f"4 March 1986, {patient.age_range(clock.today(None))[0]} years" in told
    assert patient.reference in told
    assert ("stands as □" in told) is (script == "in no font")
    assert letters.again(letter=assessment.letters.get(), by=doctor) == made


def test_what_was_stored_before_turns_nothing_round_in_a_letter(decided: Assessment) -> None:
    patient = decided.intake.patient
    patient.given_name, patient.reference = "A\u202eda", "P\u20671"
    made = letter(decided, "gp", destination="To\u202e nobody")
    assert not set("\u202a\u202b\u202d\u202e\u2066\u2067") & set(words(made))
    assert "4 March" not in words(made) or "1986" in words(made)


@reading
@pytest.mark.parametrize("kind", KINDS)
def test_long_words_stay_on_the_page(decided: Assessment, kind: str) -> None:
    patient, doctor = decided.intake.patient, decided.by
    patient.given_name, patient.family_name, patient.reference = "W" * 80, "M" * 80, "9" * 40
    doctor.display_name = "W" * 150
    made = letter(decided, kind, destination="W" * 200)
    assert all(right <= 210 - 19 for right in rights(pdf(made)))


def rights(made: bytes) -> list[float]:
    """Where each word of it ends on the page, in mm."""
    told = subprocess.run([PDFTOTEXT, "-bbox", "-", "-"], input=made, capture_output=True, check=True)  # noqa: S603
    boxes = told.stdout.decode()
    return [float(each) / 72 * 25.4 for each in re.findall(r'<word [^>]*xMax="([\d.]+)"', boxes)]


def test_a_lowered_emergency_is_told_of_in_every_letter_to_a_colleague(sender: Site, doctor: User) -> None:
    assessment = factories.assessment(sender, doctor, ces_saddle="yes")
    details = {"kind": "changed", "reason": "new_information", "note": "Old and unchanged.", "by": doctor}
    decisions.decide(assessment=assessment, disposition="medical_review", services=[], **details)
    told = letter(assessment, "gp").parts["mark"].paragraphs[0]
    assert "Old and unchanged." in told
    assert doctor.display_name in told
    for kind in KINDS[:-1]:
        source = (factories.FIXTURES.parent / f"clinic/letters/templates/{kind}.typ").read_text()
        assert '#part("mark")' in source
        assert '#part("open")' in source


@pytest.fixture
def lowered_before(sender: Site, doctor: User) -> Assessment:
    """An urgent advice that a doctor lowered yesterday; what was assessed since advises the same."""
    with clock.at(timezone.now() - timedelta(days=1)):
        first = factories.assessment(sender, doctor, ces_saddle="yes")
        decisions.decide(assessment=first, kind="rejected", reason="other", note="Seen by me.", by=doctor)
    newest = intakes.answer(intake=first.intake, answers={"peg_pain": 3}, by=doctor)
    return Assessment.objects.get(pk=newest.pk)


def test_a_letter_tells_of_the_decision_that_stands_from_an_earlier_result(
    lowered_before: Assessment, doctor: User
) -> None:
    made = letter(lowered_before, "gp")
    assert "Seen by me." in made.parts["mark"].paragraphs[0]
    assert made.closing[0].startswith(f"Decided by {doctor.display_name} on ")


def test_a_letter_tells_of_no_decision_on_another_advice(lowered_before: Assessment, doctor: User) -> None:
    newest = intakes.answer(intake=lowered_before.intake, answers={"ces_saddle": "no"}, by=doctor)
    made = letter(newest, "gp")
    assert "mark" not in made.parts
    assert "No clinician has decided on this yet." in made.closing[0]


def test_a_letter_about_an_earlier_result_tells_of_no_decision_on_a_later_one(sender: Site, doctor: User) -> None:
    first = factories.assessment(sender, doctor, ces_saddle="yes")
    newest = intakes.answer(intake=first.intake, answers={"peg_pain": 3}, by=doctor)
    decisions.decide(assessment=newest, kind="accepted", by=doctor)
    assert "Decided by" in letter(newest, "gp").closing[0]
    assert "No clinician has decided on this yet." in letter(first, "gp").closing[0]


def test_the_emergency_letter_tells_of_all_that_was_done_since_the_intake_was_opened(
    sender: Site, doctor: User
) -> None:
    first = factories.assessment(sender, doctor, ces_saddle="yes")
    assert letter(first, "emergency").parts["done"].paragraphs == ["Nothing has been recorded yet."]
    stops.record(assessment=first, text="Ambulance called.", by=doctor)
    newest = intakes.answer(intake=first.intake, answers={"peg_pain": 3}, by=doctor)
    stops.record(assessment=newest, text="Hospital told.", by=doctor)
    done = letter(newest, "emergency").parts["done"]
    assert [each.rpartition(": ")[2] for each in done.items] == ["Ambulance called.", "Hospital told."]
    assert done.paragraphs == []


def test_a_letter_to_a_service_names_what_it_lacks(db: None) -> None:
    bare = factories.site(address="", phone="")
    assessment = factories.assessment(bare, factories.user(Role.CLINICIAN, bare), REFERRED)
    assert missing(assessment=assessment, kind="physiotherapy", destination="") == [
        "the address of the site",
        "the telephone number of the site",
        "whom it goes to",
        "a clinician's decision",
    ]


def test_a_whole_letter_lacks_nothing(decided: Assessment) -> None:
    assert missing(assessment=decided, kind="cbt", destination="Riverside") == []
