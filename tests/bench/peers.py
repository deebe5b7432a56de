"""Other rule engines with the rules of a protocol.

They are asked for the flags present, the rule that decides, the rule that advises below it, and which
conditions on the parts of these two hold. A few lines of Python put the decision together from that. They are
spared lists of studies: they are told which of the facts about studies hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from itertools import pairwise
from time import perf_counter
from typing import Any

from tests.bench.by_hand import Outcome
from tests.bench.languages import Expression, JsonLogic, Translation, Zen, flagged
from triage.conditions import Condition
from triage.facts import Facts
from triage.instruments import Instrument
from triage.logic import YES
from triage.patient_view import PatientView
from triage.protocol import Fact, Level, Protocol, Rule, Service
from triage.questions import QuestionType
from triage.referring import go_ahead, referrals, urgency

Answers = dict[str, Any]


def told(protocol: Protocol, facts: Facts) -> Answers:
    """What the other engines are told of a patient; questions that do not apply have some answer, which nothing reads."""
    view = PatientView(protocol, facts)
    about_studies = [fact.id for fact in protocol.facts.values() if fact.per_study]
    return {
        **{each.id: each.options[-1].value for each in protocol.questions.values() if each.type is QuestionType.CHOICE},
        **{each.id: "no" for each in protocol.questions.values() if each.type is QuestionType.TRI},
        **{each.id: each.low for each in protocol.questions.values() if each.type.is_number},
        **{name: value for name, value in facts.values.items() if isinstance(value, str | int)},
        **{name: "yes" if view.truth(name) is YES else "no" for name in about_studies},
    }


class Understanding:
    """Puts decisions together from what another engine says; what follows from the rules alone is remembered."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._rules = {rule.id: rule for rule in protocol.rules}
        # The most urgent first, each with its place among the flags.
        places = {flag.id: place for place, flag in enumerate(protocol.flags)}
        self._flags = [
            (places[flag.id], flag.id, flag.actions, frozenset(flag.allows)) for flag in protocol.flags_by_urgency
        ]
        self._said = cache(self._say)

    def outcome(self, said: Sequence[Any]) -> Outcome:
        found = [flag for flag in self._flags if said[flag[0]]]
        through = frozenset(Service)
        for *_, allowed in found:
            through &= allowed
        *head, tasks = self._said(tuple(said[len(self._flags) :]), through)
        actions = [action for _, _, asked_for, _ in found for action in asked_for]
        return *head, tuple(dict.fromkeys([*actions, *tasks])), tuple([flag[1] for flag in found])

    def _say(self, said: tuple[Any, ...], through: frozenset[Service]) -> tuple[Any, ...]:
        parts = iter(said)
        acting = _acting(self._rules.get(next(parts)), parts)
        advice = _acting(self._rules.get(next(parts, "")), parts)
        decides = acting or advice
        issued = referrals(advice.referrals) if advice else ()
        if acting:
            issued = go_ahead(acting, issued, [each.service for each in acting.permits if each.service in through])
        pairs = tuple((each.service, each.priority) for each in issued)
        tasks = [task.action for task in decides.actions]
        return decides.id, decides.disposition, urgency(decides, issued), pairs, tasks


def _acting(rule: Rule | None, parts: Iterator[bool]) -> Rule | None:
    """The rule with those of its parts that hold."""
    if rule is None:
        return None

    def held(listed: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(each for each in listed if each.when is None or next(parts))

    return replace(rule, referrals=held(rule.referrals), permits=held(rule.permits), actions=held(rule.actions))


@dataclass(frozen=True)
class Peer:
    """Another engine: `decide` gives its answer, `listed` makes one list of it; `milliseconds` were taken to set it up."""

    name: str
    decide: Callable[[Answers], Any]
    listed: Callable[[Any], Sequence[Any]]
    milliseconds: float


def peers(protocol: Protocol) -> Iterator[Peer | str]:
    """Each engine, or the name of the package where it is not installed."""
    for package, module, set_up in (
        ("datalogic-py", "datalogic_py", _datalogic),
        ("zen-engine", "zen", _zen),
        ("json-logic-qubit", "json_logic", _qubit),
    ):
        try:
            found = import_module(module)
        except ImportError:
            yield package
        else:
            began = perf_counter()
            decide, listed = set_up(protocol, found)
            yield Peer(package, decide, listed, (perf_counter() - began) * 1000)


Decide = tuple[Callable[[Answers], Any], Callable[[Any], Sequence[Any]]]


def _in_one(protocol: Protocol) -> Expression:
    """Everything in one expression, which is faster than a call for each layer."""
    translation = Translation(protocol, JsonLogic(), is_layered=False)
    return translation.to.listed([*(translation.judge(flag.when) for flag in protocol.flags), translation.rules()])


def _datalogic(protocol: Protocol, datalogic: Any) -> Decide:
    engine = datalogic.Engine()
    rule, session = engine.compile(_in_one(protocol)), engine.session()
    return lambda answers: session.evaluate(rule, answers), list


def _qubit(protocol: Protocol, json_logic: Any) -> Decide:
    rule = _in_one(protocol)
    return lambda answers: json_logic.jsonLogic(rule, answers), list


def _zen(protocol: Protocol, zen: Any) -> Decide:
    """A graph held compiled by a static loader: one node of expressions that read those above them, one that picks."""
    translation = Translation(protocol, Zen(), is_layered=True)
    flags = [flagged(flag) for flag in protocol.flags]
    expressions = {
        **_layers(protocol, translation),
        **{name: translation.judge(flag.when) for name, flag in zip(flags, protocol.flags, strict=True)},
        "rules": translation.rules(),
    }
    graph = _graph(expressions, {"said": translation.to.listed([*flags, "rules"])})
    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"protocol": graph}}})
    return lambda answers: engine.evaluate("protocol", answers), lambda answer: list(_flat(answer["result"]["said"]))


def _layers(protocol: Protocol, translation: Translation) -> dict[str, Expression]:
    """Facts, levels and scores, each after those that it reads."""
    layers: dict[str, Expression] = {}

    def add(name: str) -> None:
        match protocol.names[name]:
            case Fact(per_study=False, when=when) if name not in layers:
                add_all(when)
                layers[name] = translation.judge(when)
            case Level(steps=steps) as level if name not in layers:
                for step in steps:
                    add_all(step.when)
                layers[name] = translation.level(level)
            case Instrument(items=items):
                layers[name] = translation.to.total(items)

    def add_all(condition: Condition) -> None:
        for part in condition.walk():
            for name in part.names:
                add(name)

    for name in (*protocol.facts, *protocol.levels):
        add(name)
    return layers


def _graph(*expressions: dict[str, Expression]) -> dict[str, Any]:
    """One node of expressions after the other."""
    where = {"position": {"x": 0, "y": 0}}
    inner = [
        {"id": f"node {number}", "name": f"node {number}", "type": "expressionNode", **where, "content": _content(each)}
        for number, each in enumerate(expressions)
    ]
    ends = [{"id": each, "name": each, "type": f"{each}Node", **where} for each in ("input", "output")]
    nodes = [ends[0], *inner, ends[1]]
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": nodes,
        "edges": [
            {"id": f"after {one['id']}", "type": "edge", "sourceId": one["id"], "targetId": other["id"]}
            for one, other in pairwise(nodes)
        ],
    }


def _content(expressions: dict[str, Expression]) -> dict[str, Any]:
    listed = [{"id": key, "key": key, "value": value} for key, value in expressions.items()]
    return {"expressions": listed, "passThrough": False, "inputField": None, "outputPath": None}


def _flat(said: Sequence[Any]) -> Iterator[Any]:
    for each in said:
        if isinstance(each, list):
            yield from _flat(each)
        else:
            yield each
