"""How fast the engine decides: `python -m tests.bench.engine`. Processor time on one core, the back pain protocol, the median of seven rounds.

Then the same rules by hand and in other engines, side by side; `docs/performance.md` tells what came out.
"""

import statistics
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import process_time

from tests.bench import engines
from triage.engine import evaluate
from triage.explanation import explain
from triage.facts import check_answers
from triage.reading import read_protocol

FIXTURES = Path(__file__).parents[2] / "fixtures"
SOURCE = (FIXTURES / "protocols/back-pain/1.0.0.toml").read_bytes()
BASELINES = tomllib.loads((FIXTURES / "vignettes/back-pain/baselines.toml").read_text())
ON = date(2026, 11, 23)
ROUNDS, PER_ROUND = 7, 200


def per_second(work: Callable[[], object], times: int) -> float:
    """How often the work is done in a second: the median of the rounds."""
    rates = []
    for _ in range(ROUNDS):
        start = process_time()
        for _ in range(times):
            work()
        rates.append(times / (process_time() - start))
    return statistics.median(rates)


def show(what: str, rate: float) -> None:
    print(f"{what:<44}{rate:>10,.0f} /s {1e6 / rate:>10,.0f} us")  # noqa: T201  (a command that prints)


def main() -> None:
    protocol = read_protocol(SOURCE)
    complete = BASELINES["distressed_after_treatment"]
    half = dict(list(complete.items())[::2])
    show("read and check the protocol file", per_second(lambda: read_protocol(SOURCE), 3))
    for title, answers in (("all answered", complete), ("every other one answered", half)):
        facts = check_answers(protocol.questions, answers, on=ON)
        evaluation = evaluate(protocol, facts)
        works: dict[str, Callable[[], object]] = {
            "check the answers": lambda answers=answers: check_answers(protocol.questions, answers, on=ON),
            "evaluate": lambda facts=facts: evaluate(protocol, facts),
            "explain": lambda evaluation=evaluation: explain(evaluation),
            "evaluate and explain": lambda facts=facts: explain(evaluate(protocol, facts)),
        }
        for work, do in works.items():
            show(f"{work}, {title}", per_second(do, PER_ROUND))
    engines.main(protocol)


if __name__ == "__main__":
    main()
