"""A protocol made to be too much is refused in bounded time and memory, with a fault that says why."""

import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TINY = (ROOT / "tests" / "triage" / "tiny.toml").read_text()
CHANCE = random.Random(1)  # noqa: S311 -- the same each time
MEGABYTES = 900
SECONDS = 120  # of work, proved and compared

TRY = """
import sys
from triage.comparison import compare
from triage.diagram import TooLarge
from triage.proofs import prove
from triage.reading import ProtocolError, read_protocol
old, source = sys.stdin.buffer.read().split(b"\\x00")
try:
    new = read_protocol(source)
    for does, what in (("prove", lambda: prove(new)), ("compare", lambda: compare(read_protocol(old), new))):
        try:
            what()
            print(does, "was done")
        except TooLarge as error:
            print(does, "refused:", error)
except ProtocolError as error:
    print("read refused:", str(error)[:200])
"""


def question(name: str, kind: str = "tri", more: str = "") -> str:
    return f'[[questions]]\nid = "{name}"\nsection = "all"\ntext = "?"\ntype = "{kind}"\n{more}\n'


def flag(name: str, when: str) -> str:
    said = 'level = "24h"\nnot_sure = "14d"\nactions = ["same_day"]\nnot_sure_actions = ["tell_gp"]\nbecause = "b"\n'
    return f'[[flags]]\nid = "{name}"\ntitle = "t"\ngroup = "g"\nwhen = \'{when}\'\n{said}cites = ["R1"]\n'


def fact(name: str, when: str) -> str:
    return f'[{name}]\nwhen = \'{when}\'\nmeans = "m"\ncites = ["R1"]\n'


def number(name: str, most: int) -> str:
    return question(name, "integer", f"min = 0\nmax = {most}")


def of(count: int, make: Callable[[int], str], between: str = "") -> str:
    return between.join(map(make, range(count)))


def clause() -> str:
    return f"(q{CHANCE.randrange(340)} or not q{CHANCE.randrange(340)} or q{CHANCE.randrange(340)})"


OPTIONS = "options = [" + of(101, lambda n: f'{{ value = "v{n}", label = "l" }}', ", ") + "]"
NAMES = ", ".join(f'"n{n}"' for n in range(190))
SCORE = (
    f'[[instruments]]\nid = "score"\nname = "n"\nitems = [{NAMES}]\nlicence = "l"\nattribution = "a"\ncites = ["R1"]\n'
)
HOSTILE = {
    "a count of hundreds": (
        of(290, lambda n: question(f"q{n}")) + flag("big", f"count({of(290, 'q{}'.format, ', ')}) >= 145"),
        "prove refused",
    ),
    "flags that read everything": (
        of(340, lambda n: question(f"q{n}"))
        + of(290, lambda n: flag(f"f{n}", " and ".join(clause() for _ in range(50)))),
        "prove refused",
    ),
    "facts about studies that read more than studies": (
        question("q")
        + of(
            60, lambda n: fact(f"imaging.facts.s{n}", f'study_status == "reported" and q and study_age_days < {n + 2}')
        )
        + flag("s", of(60, "s{}".format, " or ")),
        "prove refused: lists of studies say more",
    ),
    "many facts about studies": (
        of(60, lambda n: fact(f"imaging.facts.s{n}", f"study_age_days == {n + 2}"))
        + flag("s", of(60, "s{}".format, " or ")),
        "prove refused: lists of studies say more",
    ),
    "great numbers compared": (
        of(2, lambda n: number(f"n{n}", 25_000)) + flag("n", "n0 > n1"),
        "read refused: flags[n].when: n0 and n1 can be compared in more than",
    ),
    "greater numbers compared": (
        of(2, lambda n: number(f"n{n}", 99_000)) + flag("n", "n0 > days and n1 > days"),
        "read refused: questions: more than",
    ),
    "many numbers compared": (
        of(60, lambda n: number(f"n{n}", 300)) + flag("n", of(30, lambda n: f"n{n} > n{n + 30}", " and ")),
        "prove refused",
    ),
    "many thresholds": (
        of(20, lambda n: number(f"n{n}", 100_000))
        + of(280, lambda k: flag(f"f{k}", of(20, lambda n: f"n{n} > {k * 100 + n}", " or "))),
        "prove refused",
    ),
    "a score of hundreds": (
        TINY.replace("instruments = []\n", "")
        + of(190, lambda n: number(f"n{n}", 300))
        + SCORE
        + flag("i", "score >= 20000"),
        "prove refused",
    ),
    "a chain of gates": (
        question("c0") + of(300, lambda n: question(f"c{n + 1}", more=f"ask_when = 'c{n}'")) + flag("c", "c300"),
        "read refused: more than 12 facts, levels and questions lead to one another",
    ),
    "a chain of facts that double": (
        TINY.replace("facts = {}\n", "", 1)
        + question("c")
        + fact("facts.f0", "c")
        + of(60, lambda n: fact(f"facts.f{n + 1}", f"f{n} and f{n} or not f{n}"))
        + flag("c", "f60"),
        "read refused: more than 12 facts, levels and questions lead to one another",
    ),
    "a condition nested deeply": (flag("c", "not " * 400 + "fever"), "read refused: flags[c].when: nested too deeply"),
    "a number of a thousand digits": (flag("c", f"days > {'9' * 1000}"), "read refused: flags[c].when: no number"),
    "a choice of a hundred": (question("w", "choice", OPTIONS), "read refused: questions[w].options: more than 100"),
    "hundreds of questions": (of(700, lambda n: question(f"q{n}")), "read refused: questions: more than 350"),
    "hundreds of flags": (of(700, lambda n: flag(f"f{n}", "fever")), "read refused: flags: more than 300"),
}


@pytest.mark.parametrize(("more", "said"), HOSTILE.values(), ids=HOSTILE)
def test_too_much_is_refused_and_says_why(more: str, said: str):
    source = more if more.startswith("#") else TINY + more
    limit = MEGABYTES * 1024**2

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    ran = subprocess.run(  # noqa: S603 -- our own
        [sys.executable, "-c", TRY], cwd=ROOT, input=TINY.encode() + b"\x00" + source.encode(), capture_output=True, preexec_fn=bounded, check=False
    )  # fmt: skip
    assert (ran.returncode, ran.stderr.decode()[-300:]) == (0, "")
    assert said in ran.stdout.decode()
