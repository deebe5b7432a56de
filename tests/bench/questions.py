"""How long it takes to find the questions that still matter: `python -m tests.bench.questions`.

Processor time on one core, the back pain protocol. Intakes are filled in at random, and in the order of the form.
"""

import gc
import random
import statistics
from collections.abc import Iterator
from time import process_time

from tests.triage.worlds import WORLDS, Answers
from triage.relevance import Relevance

WORLD = WORLDS["back-pain"]
FILLED = (0, 5, 10, 30, 50, 70, 80, 90, 100)  # per cent
PATIENTS = 400


def somebody(chance: random.Random) -> Answers:
    """All answers of a clear or troubled patient, some of them changed."""
    everything = {name: answer for name, answer in reversed(WORLD.pool) if name in WORLD.protocol.questions}
    return {**everything, **chance.choice(WORLD.baselines), **dict(chance.sample(WORLD.pool, 3))}


def filled_at_random(part: float, chance: random.Random) -> Answers:
    return {name: answer for name, answer in somebody(chance).items() if chance.random() < part}


def filled_from_the_start(part: float, chance: random.Random) -> Answers:
    patient = somebody(chance)
    asked = [name for name in WORLD.protocol.questions if name in patient]
    return {name: patient[name] for name in asked[: round(part * len(asked))]}


def times(relevance: Relevance, patients: list[Answers]) -> Iterator[float]:
    """Milliseconds for each patient."""
    for view in map(WORLD.view, patients):
        began = process_time()
        relevance.outstanding(view)
        yield (process_time() - began) * 1000


def main() -> None:
    began = process_time()
    relevance = Relevance(WORLD.protocol)
    print(f"made in {process_time() - began:.2f} s, {len(relevance.diagrams):,} nodes kept")  # noqa: T201
    gc.freeze()  # as a server does once it has read its protocols
    for filled in (filled_from_the_start, filled_at_random):
        print(f"\n{filled.__name__.replace('_', ' ')}: milliseconds, median / 90th / 99th percentile")  # noqa: T201
        for percent in FILLED:
            chance = random.Random(percent)  # noqa: S311  (patients, no secret)
            taken = sorted(times(relevance, [filled(percent / 100, chance) for _ in range(PATIENTS)]))
            at = [statistics.median(taken), taken[PATIENTS * 9 // 10], taken[PATIENTS * 99 // 100]]
            print(f"{percent:>4} %  " + "  ".join(f"{each:6.2f}" for each in at))  # noqa: T201


if __name__ == "__main__":
    main()
