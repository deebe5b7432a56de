"""German: nothing is left untranslated, nothing of the safety questions is lost, and nothing stored changes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation.template import templatize

from clinic import clock, expectations, protocols, spoken
from clinic.actions import intakes
from clinic.letters.content import content
from clinic.models import Assessment, Intake, Site, User
from tests import factories
from tests.catalogues import PAGES, PROTOCOLS, Entry, compiled, read
from triage.imaging import STUDY_WORDS
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
GERMAN = "de"
IN_TEMPLATE = re.compile(r" (?:_|n?gettext)\((.+?)(?:, ?count)?\) ")
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
    assert set(TOLD) == {*spoken.words(KNOWN), *expectations.sentences_of(KNOWN)}


@pytest.mark.parametrize("name", ["texts", "flags", "questions", "actions", "rules", "sources"])
def test_no_number_is_lost_on_the_way(name):
    """Ages, days and doses are the same in both languages."""
    part = getattr(KNOWN, name)
    known = part.values() if hasattr(part, "values") else part
    texts = [getattr(each, field, "") for each in known for field in ("text", "hint", "title", "because", "citation")]
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


def test_not_sure_is_never_mistaken_for_not_safe():
    """In German "nicht sicher" is both: the answer must not read as an answer to "are you unsafe at home?"."""
    with translation.override(GERMAN):
        said = spoken.text("Not sure").lower()
    assert [question.id for question in KNOWN.questions.values() if said in TOLD[question.text].lower()] == []
    assert "nicht sicher" in TOLD[KNOWN.questions["safeguarding"].text]
    assert said != "nicht sicher"


def test_every_text_of_the_pages_has_its_place_in_the_catalogue():
    """Where this fails: run makemessages in clinic/, translate what it adds, and compile the catalogue."""
    known = {part for entry in read(PAGES) for part in entry.english}
    assert [text for text in said_in_python() | said_in_templates() if text not in known] == []


def said_in_python() -> set[str]:
    """The literals that the clinic's Python hands to gettext."""
    names = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
    return {
        argument.value
        for file in (factories.FIXTURES.parent / "clinic").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        for argument in node.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def said_in_templates() -> set[str]:
    """The texts of the templates, read as makemessages reads them."""
    files = (factories.FIXTURES.parent / "clinic" / "templates").rglob("*.html")
    calls = [call for file in files for call in IN_TEMPLATE.findall(templatize(file.read_text(encoding="utf-8")))]
    return {text for call in calls for text in ast.literal_eval(f"({call},)")}


def test_every_word_of_a_study_is_told_in_german():
    words = {word for each in STUDY_WORDS.values() for word in each}
    with translation.override("en-gb"):
        english = {word: spoken.study(word) for word in words}
    with translation.override(GERMAN):
        assert [word for word in words if spoken.study(word) == word] == []
        same = {word for word in words if spoken.study(word) == english[word]}
    assert same <= {"ct", "routine"}


def test_a_label_with_a_comma_is_told_whole():
    with translation.override(GERMAN):
        told = spoken.answer("Yes, both legs, Opioid, 42 days, Not sure, 2026-11-03")
    assert told == "Ja, in beiden Beinen, Opioid, 42 Tage, Unklar, 2026-11-03"


def test_what_two_answers_disagree_on_is_told_in_german():
    with translation.override(GERMAN):
        told = spoken.reason("does not agree with onset_date, which gives 40")
    assert told == "passt nicht zu onset_date, woraus sich 40 ergibt"


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """A page leaves its language behind in the thread; the next test begins in English."""
    with translation.override("en-gb"):
        yield


@pytest.fixture
def emergency(here: Site, clinician: User) -> Assessment:
    return factories.assessment(here, clinician, ces_saddle="yes", stress_dull_ache="not_sure")


@pytest.fixture
def german(client: Client, clinician: User) -> Client:
    """A browser that asks for German, with a clinician before it."""
    client.force_login(clinician)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = GERMAN
    return client


def page(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


def test_a_page_says_which_language_it_is_in(german: Client, here: Site):
    assert '<html lang="de">' in page(german, "worklist")
    assert '<html lang="en-gb">' in german.get("/", headers={"accept-language": "en"}).content.decode()


def test_the_questions_are_asked_in_german(german: Client, here: Site):
    asked = page(german, "section", factories.open_intake(here).pk, "red_flags")
    question = KNOWN.questions["ces_saddle"]
    assert TOLD[question.text] in asked
    assert TOLD[question.hint] in asked
    assert "Unklar" in asked
    assert question.text not in asked
    assert "Not sure" not in asked


def test_the_stop_card_is_in_german(german: Client, emergency: Assessment):
    shown = page(german, "stop", emergency.intake_id)
    assert "Notfall: jetzt handeln" in shown
    for reason in emergency.outcome["because"]:
        assert reason["text"] not in shown
    for action in emergency.outcome["actions"]:
        assert TOLD[action["text"]] in shown
        assert action["text"] not in shown


def test_the_result_is_in_german(german: Client, emergency: Assessment):
    shown = page(german, "assessment", emergency.pk)
    texts = [emergency.outcome["means"], *(each["text"] for each in emergency.outcome["safety_net"])]
    assert [text for text in texts if text in shown] == []
    assert TOLD[emergency.outcome["means"]] in shown


def test_what_would_change_the_result_is_told_in_german(german: Client, emergency: Assessment):
    ways = emergency.outcome["would_change"]
    assert [each["to"] for each in ways] == ["self_manage"]
    with translation.override(GERMAN):
        assert [each["to"] for each in spoken.outcome(emergency.outcome)["would_change"]] == [e["to"] for e in ways]
    shown = page(german, "assessment", emergency.pk)
    assert "Was daran etwas ändern würde" in shown
    assert f"Es wäre: {TOLD[ways[0]['title']]}" in shown
    assert "Nein (geantwortet: Ja)" in shown


def test_the_patients_letter_is_german_and_writes_dates_and_numbers_so(emergency: Assessment):
    made = content(assessment=emergency, kind="patient", language=GERMAN, on=clock.today(None))
    said = str(made)
    assert made.title == "Wie es weitergeht"
    assert re.fullmatch(r"\d{1,2}\. [A-Z]\w+ \d{4}", made.on)
    assert TOLD[KNOWN.texts[0].text] in said
    assert not re.search(r"\b(the|your|with|when|will)\b", said)
    assert not re.search(r"{(date|emergency_number|crisis_line)}", said)
    assert "1,3 von 10" in str(content(assessment=emergency, kind="gp", language=GERMAN, on=clock.today(None)))


def test_the_letter_is_english_where_english_was_chosen_whoever_reads(emergency: Assessment):
    with translation.override(GERMAN):
        made = content(assessment=emergency, kind="patient", on=clock.today(None))
    assert made.title == "What happens next"


def fill_in(client: Client, intake: Intake, language: str) -> None:
    """Half a section, as a browser in that language sends it."""
    form = {"version": intake.version, "answer-ces_saddle": "yes", "answer-fever": "not_sure"}
    path = reverse("section", args=[intake.pk, "red_flags"])
    assert client.post(path, form, headers={"accept-language": language}).status_code == 302


def test_what_is_stored_is_the_same_whichever_language_the_user_reads(client: Client, here: Site, clinician: User):
    client.force_login(clinician)
    made = {}
    for language in ("en", GERMAN):
        intake = factories.open_intake(here)
        fill_in(client, intake, language)
        made[language] = Assessment.objects.newest().get(intake=intake)
    english, in_german = made["en"], made[GERMAN]
    assert in_german.outcome == english.outcome
    assert in_german.protocol_digest == english.protocol_digest == KNOWN.digest
    assert (
        in_german.intake.history.first().history_change_reason == english.intake.history.first().history_change_reason
    )


def test_an_evaluation_in_german_is_stored_in_english(here: Site, clinician: User):
    with translation.override(GERMAN):
        intake = factories.open_intake(here)
        spoken.protocol(intake.release)
        stored = intakes.answer(intake=intake, answers=factories.answers(ces_saddle="yes"), by=clinician)
        assert protocols.get(intake.release).questions["ces_saddle"].text == KNOWN.questions["ces_saddle"].text
    assert stored.outcome["because"][0]["text"] == KNOWN.flags[0].because
    assert stored.outcome["means"] == KNOWN.dispositions[stored.disposition].means
