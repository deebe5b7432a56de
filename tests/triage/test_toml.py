"""A file costs what its size allows, however it is made, and what is wrong with it is named where it is wrong."""

import random
import resource
import subprocess
import sys
import tomllib
from pathlib import Path
from time import perf_counter

import pytest

from triage.toml import LARGEST, NotToml, read_toml

ROOT = Path(__file__).parent.parent.parent
FILES = sorted(ROOT.glob("fixtures/**/*.toml"))

HUNGRY = {
    "a deeply dotted key": "a" + ".a" * 490_000 + " = 1",
    "a deeply dotted key in quotes": '"a"' + '."a"' * 240_000 + " = 1",
    "a deeply dotted key with blanks": "a" + " . a" * 240_000 + " = 1",
    "a deeply dotted table": "[a" + ".a" * 490_000 + "]",
    "a deeply dotted key within a table": "x = { a" + ".a" * 490_000 + " = 1 }",
    "many dotted keys": "\n".join(f"a{n}.b.c.d.e.f.g.h = 1" for n in range(40_000)),
    "lists within each other": "a = " + "[" * 490_000 + "]" * 490_000,
    "tables within each other": "a = " + "{a=" * 240_000 + "1" + "}" * 240_000,
    "a long number": "a = " + "9" * 5000,
    "a very long number": "a = " + "9" * 990_000,
    "a long number in sixteens": "a = 0x" + "f" * 990_000,
    "a long name": "a" * 990_000 + " = 1",
    "a long text": 'a = "' + "a" * 990_000 + '"',
    "a long text over lines": 'a = """' + '""a\\\\\n' * 140_000 + '"""',
    "many keys": "\n".join(f"a{n}=1" for n in range(100_000)),
    "many values": "a = [" + "1," * 490_000 + "]",
    "many tables": "[[a]]\n" * 160_000,
    "many quotation marks": "a = " + '"' * 990_000,
    "many apostrophes": "a = " + "'" * 990_000,
    "many backslashes": 'a = "' + "\\" * 990_000,
    "texts that are not ended": 'a = "b\n' * 120_000,
    "one byte more than fits": "#" * (LARGEST + 1),
}
READ = """
import sys
from triage.reading import ProtocolError, read_protocol
try:
    read_protocol(sys.stdin.buffer.read())
except ProtocolError as error:
    print(str(error)[:300])
"""


@pytest.mark.parametrize("text", HUNGRY.values(), ids=HUNGRY)
def test_a_hungry_text_is_refused_in_a_second_and_in_little_memory(text: str):
    limited = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (300 * 1024**2, 300 * 1024**2))}
    began = perf_counter()
    ran = subprocess.run(  # noqa: S603 -- our own reader
        [sys.executable, "-c", READ],
        cwd=ROOT,
        input=text.encode(),
        capture_output=True,
        timeout=20,
        check=False,
        **limited,
    )
    assert (ran.returncode, ran.stderr.decode()) == (0, "")
    assert ran.stdout.decode().startswith("the file is "), ran.stdout
    assert perf_counter() - began < 5


@pytest.mark.parametrize("file", FILES, ids=lambda each: str(each.relative_to(ROOT / "fixtures")))
def test_every_file_of_the_house_is_read_as_the_standard_library_reads_it(file: Path):
    source = file.read_bytes()
    assert read_toml(source) == tomllib.loads(source.decode())
    assert read_toml(b"\xef\xbb\xbf" + source.replace(b"\n", b"\r\n")) == read_toml(source)


@pytest.mark.parametrize("file", FILES, ids=lambda each: str(each.relative_to(ROOT / "fixtures")))
def test_a_slip_is_found_wherever_the_standard_library_finds_one(file: Path):
    """Letters taken out or doubled, each by itself: both take the file, or neither, and no other error escapes."""
    text, chance = file.read_text(), random.Random(file.name)  # noqa: S311 -- whatever comes
    for _ in range(8):
        place = chance.choice([at for at, letter in enumerate(text) if letter in "\"'[]{}=.#\n\\,"])
        slipped = text[:place] + chance.choice(["", text[place] * 2]) + text[place + 1 :]
        try:
            wanted: object = tomllib.loads(slipped)
        except tomllib.TOMLDecodeError:
            wanted = None
        try:
            assert read_toml(slipped.encode()) == wanted
        except NotToml:
            assert wanted is None


LINES = [
    "[protocol]",
    'id = "small"',
    'title = "Small"',
    "",
    "[[sources]]",
    'id = "one"',
    'citation = """',
    "One",
    'two."""',
]
BROKEN = {
    "a text that is not ended": (3, 'title = "Small', 3, "a text that begins here is not ended"),
    "a text with its mark only at the end": (3, 'title = Small"', 3, "a text that begins here is not ended"),
    "a text of several lines that is not ended": (9, "two.", 7, "a text that begins here is not ended"),
    "a text of several lines that ends with two marks": (9, 'two.""', 7, "a text that begins here is not ended"),
    "an apostrophe for a mark": (3, "title = 'Small\"", 3, "a text that begins here is not ended"),
    "no mark at all": (3, "title = Small", 3, "Invalid value"),
    "no sign between key and value": (3, 'title "Small"', 3, "Expected '='"),
    "a value that is missing": (3, "title =", 3, "Invalid value"),
    "a table that is not ended": (5, "[[sources]", 5, "Expected ']]'"),
    "a table that is not ended at all": (1, "[protocol", 1, "Expected ']'"),
    "a key that is there twice": (3, 'id = "Small"', 3, "Cannot overwrite a value"),
    "a table that is there twice": (5, "[protocol]", 5, "Cannot declare ('protocol',) twice"),
    "a list for a table": (5, "[[protocol]]", 5, "Cannot overwrite a value"),
    "a list that is not ended": (3, 'title = ["Small"', 5, "Unclosed array"),
    "two values": (3, 'title = "Small" "Large"', 3, "Expected newline"),
    "a backslash": (3, r'title = "C:\small"', 3, "Unescaped '\\' in a string"),
    "a day that is none": (3, "title = 2026-02-30", 3, "Invalid date"),
    "a sign of another kind": (3, "title : Small", 3, "Expected '='"),
    "quotation marks of a word processor": (3, "title = \u201cSmall\u201d", 3, "Invalid value"),
    "a character that is none": (3, 'title = "Sm\x00all"', 3, "Illegal character"),
}


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("at", "line", "named", "reason"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_named_with_its_line(at: int, line: str, named: int, reason: str, ending: str):
    lines = [*LINES]
    lines[at - 1] = line
    with pytest.raises(NotToml) as found:
        read_toml(ending.join([*lines, ""]).encode())
    assert reason in str(found.value)
    assert f"(at line {named}" in str(found.value)


def test_the_first_slip_is_named_where_there_are_two():
    with pytest.raises(NotToml, match=r"Invalid value \(at line 1,"):
        read_toml(b'a = b\nc = "d\n' + b"e" * 200)


def test_a_mark_that_is_missing_far_above_is_looked_for():
    """The text of several lines swallows what follows it, up to where the next one should begin."""
    text = 'a = """one\ntwo\nb = 1\nc = """three\nfour"""\n'
    with pytest.raises(NotToml, match=r"at line 4, .*; a text of several lines ends there that begins at line 1"):
        read_toml(text.encode())


ENCODINGS = {
    "utf-16": "it is UTF-16; save it as UTF-8",
    "utf-16-le": "it is UTF-16; save it as UTF-8",
    "latin-1": "byte 0xfc at line 2 cannot be read; save it as UTF-8",
}


@pytest.mark.parametrize(("encoding", "said"), ENCODINGS.items())
def test_another_encoding_is_named_plainly(encoding: str, said: str):
    with pytest.raises(NotToml, match=said):
        read_toml('a = "b"\nc = "für"\n'.encode(encoding))
