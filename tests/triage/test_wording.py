"""What may be typed: what everybody sees as it is, in every script."""

import pytest

from triage.wording import MOST_MARKS, TextError, holds_letter, isolated, typed_text, without_direction

CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
WRITTEN = {
    "Vietnamese": "Nguyễn Thị Ánh",
    "Vietnamese, in its parts": "Nguye\u0302\u0303n",
    "Hebrew with accents": "בְּרֵאשִׁ֖ית בָּרָ֣א",
    "Hebrew with five marks on a letter": "\u05e9\u05c1\u05bc\u05b8\u05a3\u05bd",
    "Thai": "กุ้ง น้ำผึ้ง",
    "Tibetan": "བསྒྲུབས་ ཧཱུྃ",
    "Tibetan, stacked": "\u0f67\u0fb9\u0fa8\u0fb3\u0fba\u0fbc\u0fbb\u0f82",
    "Persian with a joiner": "علی\u200cرضا",
    "Sinhala with a joiner": "ශ්\u200dරී",
    "Khmer with a break": "សុខ\u200bសាន្ត",
    "Burmese": "မြင့်ကြွယ်",
    "Chinese": "陈小明",
    "a rare ideograph of 2022": "\U000323ae",
    "Japanese with a variant": "葛\U000e0100城",
    "German": "Großschädl-Müller",
    "a soft hyphen": "Meier\u00adhofer",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_what_a_script_is_written_with_is_taken(text: str) -> None:
    assert typed_text(text)
    assert holds_letter(text)


@pytest.mark.parametrize("control", CONTROLS, ids=[f"U+{ord(each):04X}" for each in CONTROLS])
def test_a_control_of_direction_is_refused(control: str) -> None:
    with pytest.raises(TextError, match="direction of writing"):
        typed_text(f"Ada{control}Lovelace")


UNSEEN = ["\ufeff", "\u2061", "\u206a", "\ufff9", "\U000e0041", "\ue000", "\U00100000", "\ufdd0", "\uffff", "\U0002ffff", "\u0378", "\u2028"]  # fmt: skip


@pytest.mark.parametrize("character", UNSEEN, ids=[f"U+{ord(each):04X}" for each in UNSEEN])
def test_a_character_that_nobody_sees_is_refused(character: str) -> None:
    with pytest.raises(TextError, match="cannot be seen"):
        typed_text(f"Ada{character}")


@pytest.mark.parametrize("joiner", ["", "\u200d", "\u200b"])
def test_a_letter_carries_no_more_marks_than_a_script_sets(joiner: str) -> None:
    assert typed_text("q" + "\u0334" * MOST_MARKS)
    with pytest.raises(TextError, match="more than 10 marks"):
        typed_text("q" + f"\u0334{joiner}" * 300)


@pytest.mark.parametrize("text", ["", " ", "\u200d\u200c", "\u0301\u0302", "-.'", "\u3164"])
def test_a_name_that_nobody_could_say_holds_no_letter(text: str) -> None:
    assert not holds_letter(text)


def test_what_was_stored_before_is_shown_without_its_controls_and_on_its_own() -> None:
    assert without_direction("Ada\u202e 1986") == "Ada 1986"
    assert isolated("Ada\u202e") == "Ada"
    assert isolated("\u2069محمد\u202e") == "\u2068محمد\u2069"
    assert isolated("陈小明") == "陈小明"
