"""The engines side by side, on the same random intakes under the back pain protocol.

First all of them decide about the same 10,000 patients of whom all is known, and any difference ends the run.
Then they take turns, in another order every round, each with answers fresh from JSON. A ratio is the median of
the ratios to the rules written by hand in the same round; its spread is half the distance between the quartiles.
"""

import json
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import Any

from tests.bench import by_hand
from tests.bench.by_hand import Outcome
from tests.bench.intakes import ON, complete_intakes, half_filled
from tests.bench.peers import Peer, Understanding, peers, told
from triage.engine import Evaluation, State, evaluate
from triage.facts import Facts
from triage.protocol import LEVELS, Protocol

CHECKED, ROUNDS, PER_ROUND, AT_A_TIME = 10_000, 15, 1000, 20


@dataclass
class Engine:
    """One way to decide, what it is given of an intake, and how its answer reads as an outcome."""

    name: str
    decide: Callable[[Any], Any]
    given: str
    outcome: Callable[[Any], Outcome]
    milliseconds: float = 0
    share: float = 1
    times: list[float] = field(default_factory=list)


class Intake:
    """One patient of whom all is known, and how each engine is told of them, anew every time."""

    def __init__(self, protocol: Protocol, facts: Facts, chance: random.Random) -> None:
        self.facts = facts
        self._studies = {name: value for name, value in facts.values.items() if isinstance(value, tuple)}
        half = half_filled(facts, chance)
        self._text = {
            "values": json.dumps({name: value for name, value in facts.values.items() if name not in self._studies}),
            "half": json.dumps({name: value for name, value in half.items() if name not in self._studies}),
            "told": json.dumps(told(protocol, facts)),
        }
        self._asked = {"values": self._studies, "half": {name: half[name] for name in self._studies if name in half}}

    def given(self, form: str) -> Any:
        if form.startswith("facts"):
            return Facts(values=self.given("half" if form == "facts, half" else "values"), on=ON)
        return json.loads(self._text[form]) | self._asked.get(form, {})


def engines(protocol: Protocol) -> Iterator[Engine]:
    yield Engine("written by hand", by_hand.decide, "values", _same)
    yield Engine("reference", lambda facts: evaluate(protocol, facts), "facts", of_evaluation, share=0.1)
    yield Engine(
        "reference, half-filled", lambda facts: evaluate(protocol, facts), "facts, half", of_evaluation, share=0.1
    )
    for peer in peers(protocol):
        if isinstance(peer, str):
            show(f"not installed, and left out: {peer}  (pip install '.[bench]')")
            continue
        share, outcome = 0.1 if peer.name == "json-logic-qubit" else 1, _understanding(protocol, peer)
        yield Engine(
            peer.name, lambda told, peer=peer, outcome=outcome: outcome(peer.decide(told)), "told", _same, share=share
        )
        yield Engine(f"{peer.name}, bare answer", peer.decide, "told", outcome, peer.milliseconds, share)


def _understanding(protocol: Protocol, peer: Peer) -> Callable[[Any], Outcome]:
    understanding = Understanding(protocol)
    return lambda said: understanding.outcome(peer.listed(said))


def _same(outcome: Outcome) -> Outcome:
    return outcome


def of_evaluation(evaluation: Evaluation) -> Outcome:
    present = [each for each in evaluation.findings if each.state is State.PRESENT]
    present.sort(key=lambda each: LEVELS.index(each.urgency))
    pairs = tuple((each.service, each.priority) for each in evaluation.referrals)
    name = evaluation.rule.id if evaluation.rule else ""
    flags = tuple(each.flag.id for each in present)
    return name, evaluation.disposition, evaluation.urgency, pairs, evaluation.actions, flags


def check(protocol: Protocol, contest: Sequence[Engine], intakes: Sequence[Intake]) -> None:
    """End the run where two engines say different things of one patient."""
    rules = set()
    for intake in intakes:
        owed = by_hand.decide(intake.given("values"))
        rules.add(owed[0])
        for engine in contest:
            if "half" in engine.given:
                continue
            said = engine.outcome(engine.decide(intake.given(engine.given)))
            if said != owed:
                raise SystemExit(f"{engine.name} says {said}, not {owed}, of {intake.facts.values}")
    show(
        f"{len(intakes):,} of {len(intakes):,} identical in all engines; {len(rules)} of {len(protocol.rules)} rules decide"
    )


def measure(contest: Sequence[Engine], intakes: Sequence[Intake]) -> None:
    chance = random.Random(11)  # noqa: S311 -- the same order every time
    for _ in range(ROUNDS + 1):
        some = chance.sample(intakes, PER_ROUND)
        for engine in chance.sample(contest, len(contest)):
            engine.times.append(_seconds(engine, some[: int(PER_ROUND * engine.share)]) * 1e6)
    for engine in contest:
        del engine.times[0]  # the round in which everything is still cold


def _seconds(engine: Engine, intakes: Sequence[Intake]) -> float:
    """Processor time for one of the intakes; a few at a time, so that answers are as near at hand as just after reading."""
    seconds = 0.0
    for first in range(0, len(intakes), AT_A_TIME):
        given = [each.given(engine.given) for each in intakes[first : first + AT_A_TIME]]
        began = process_time()
        for each in given:
            engine.decide(each)
        seconds += process_time() - began
    return seconds / len(intakes)


def report(contest: Sequence[Engine]) -> None:
    show(f"{'':<30}{'us':>9}{'x by hand':>11}{'+-':>6}{'set up, ms':>12}")
    for engine in contest:
        ratio, spread = _ratio(engine, contest[0])
        line = f"{engine.name:<30}{statistics.median(engine.times):9,.1f}{ratio:11,.2f}{spread:6.0%}"
        show(f"{line}{engine.milliseconds:12,.0f}" if engine.milliseconds else line)


def _ratio(engine: Engine, other: Engine) -> tuple[float, float]:
    ratios = [time / floor for time, floor in zip(engine.times, other.times, strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4)
    middle = statistics.median(ratios)
    return middle, (high - low) / 2 / middle


def show(line: str) -> None:
    print(line)  # noqa: T201  (a command that prints)


def main(protocol: Protocol) -> None:
    chance = random.Random(5)  # noqa: S311 -- the same halves every time
    contest = list(engines(protocol))
    intakes = [Intake(protocol, facts, chance) for facts in complete_intakes(protocol, CHECKED, seed=7)]
    check(protocol, contest, intakes)
    for title, those in (("like a clinic's", intakes[1::2]), ("from everywhere", intakes[::2]), ("all", intakes)):
        show(f"\nintakes {title}: {ROUNDS} rounds of {PER_ROUND}")
        for engine in contest:
            engine.times.clear()
        measure(contest, those)
        report(contest)
