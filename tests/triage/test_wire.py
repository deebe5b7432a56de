"""JSON is read strictly: what two readers could take differently is refused, with its place."""

from __future__ import annotations

import json
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.facts import AnswerErrors, AnswerFault
from triage.wire import DEEPEST, NotJson, place, read_json


def faults(source: bytes) -> dict[str, str]:
    with pytest.raises(AnswerErrors) as refusal:
        read_json(source)
    return {fault.path: fault.reason for fault in refusal.value.faults}


def test_plain_json_is_read_as_it_is() -> None:
    source = b'{"a": [1, -2, true, null, "x", {}], "b": {"c": []}}'
    assert read_json(source) == {"a": [1, -2, True, None, "x", {}], "b": {"c": []}}


def test_text_is_composed() -> None:
    assert read_json('{"e\u0301": "e\u0301"}'.encode()) == {"\u00e9": "\u00e9"}


@pytest.mark.parametrize(
    "source", [b"", b"{", b"{} {}", b"NaN", b"-Infinity", b"\xff", b"'a'", b"[1,]", b"\xef\xbb\xbf1"]
)
def test_what_is_not_json_is_refused(source: bytes) -> None:
    with pytest.raises(NotJson):
        read_json(source)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_no_depth_breaks_the_reader(opening: bytes) -> None:
    with pytest.raises((NotJson, AnswerErrors)):
        read_json(opening * 100_000 + b"1")
    with pytest.raises((NotJson, AnswerErrors)):
        read_json(b"[" * 900 + b"]" * 900)


def test_every_fault_is_named_with_its_place() -> None:
    source = b'{"a": 1.0, "b": [1e5, {"c": "\\u0000"}], "d": 1, "d": 1, "e": 99999999999999999999, "f": "\\udc00"}'
    assert faults(source) == {
        "a": "is not a whole number",
        "b[0]": "is not a whole number",
        "b[1].c": "holds a character that is not text",
        "d": "is given twice",
        "e": "is out of range",
        "f": "holds a character that is not text",
    }


def test_tables_may_lie_within_each_other_so_far_and_no_further() -> None:
    assert read_json(b"[" * DEEPEST + b"1" + b"]" * DEEPEST)
    assert list(faults(b"[" * (DEEPEST + 1) + b"1" + b"]" * (DEEPEST + 1)).values()) == ["is nested too deeply"]


def test_a_fault_can_be_placed_in_a_larger_document() -> None:
    fault = AnswerFault("imaging[0].status", "is missing", "a word")
    assert place(fault, "answers").path == "answers.imaging[0].status"
    assert place(fault, "").path == "imaging[0].status"


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0123456789.eE-tfn \\u\x00', max_size=80).map(str.encode))
def test_no_bytes_break_the_reader(source: bytes) -> None:
    """What is read is what any reader of JSON finds there; all else is refused."""
    with suppress(NotJson, AnswerErrors):
        assert composed(read_json(source)) == composed(json.loads(source))


def composed(value: object) -> str:
    return unicodedata.normalize("NFC", json.dumps(value, ensure_ascii=False))
