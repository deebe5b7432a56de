"""The decisions of a protocol as one Python function, for whoever decides by the hundred thousand.

The function is generated from the protocol's own conditions and decides as `triage.engine` does,
which stays the reference. `docs/adr/` says what it is worth, and that it may say less of an unfinished
intake: where only the engine's diagrams can tell that nothing open matters, it says incomplete.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.coded_patient import CodedPatient
from triage.coded_rules import write
from triage.coded_studies import LEAVE
from triage.syntax import assign, attempt, attribute, call, constant, function, load, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from triage.coded_rules import Found, Head
    from triage.facts import Value
    from triage.protocol import Disposition, Protocol, Service, Urgency

    Decide = Callable[[Mapping[str, Value]], "Decision"]


class Decision(NamedTuple):
    """What is decided of one patient; `rule` is empty where no rule may decide yet.

    `present` and `unsure` name the flags that act, the most urgent first.
    """

    rule: str
    disposition: Disposition
    urgency: Urgency
    referrals: tuple[tuple[Service, Urgency], ...]
    actions: tuple[str, ...]
    present: tuple[str, ...]
    unsure: tuple[str, ...]


_new = tuple.__new__  # what Decision(...) comes to, without the way there


def compiled(protocol: Protocol) -> Decide:
    """The function that decides by this protocol, from the values of checked facts."""
    constants: dict[str, Any] = {"conclude": _conclude, "let_through": _let_through, "each_once": _each_once}
    functions = [_for_anybody(protocol, constants)]
    if _is_guarded(protocol):
        functions.append(_where_known(protocol, constants))
    module = ast.fix_missing_locations(ast.Module([*functions], []))
    # These trees hold constants, and names given by number: no text of the protocol becomes code.
    exec(compile(module, "<compiled protocol>", "exec"), constants)  # noqa: S102
    decide: Decide = constants[functions[-1].name]
    return decide


def _for_anybody(protocol: Protocol, constants: dict[str, Any]) -> ast.FunctionDef:
    """Decides in three-valued logic, numbers as intervals."""
    patient = _written(protocol, constants, known=False)
    get = assign(["get"], attribute(load("values"), "get"))
    fetch = unpack(list(patient.read.values()), call("map", load("get"), constant(tuple(patient.read))))
    return function("partial", "values", [get, fetch, *patient.variables.body])


def _where_known(protocol: Protocol, constants: dict[str, Any]) -> ast.FunctionDef:
    """Decides by plain yes and no where every answer is known that it comes to read, and leaves the rest to `partial`.

    An answer that is missing, or "not sure", fails where it is read: it is no key of a table, and no number.
    """
    patient = _written(protocol, constants, known=True)
    return function("complete", "values", attempt(patient.variables.body, ["KeyError", "TypeError"], [LEAVE]))


def _is_guarded(protocol: Protocol) -> bool:
    """Whether no flag and no rule hangs on an answer where its question does not apply."""
    patient = CodedPatient(protocol, known=True)
    patient.judge_flags()
    conditions = [condition for rule in protocol.rules for condition in (rule.when, *rule.own_conditions)]
    return not any(each.nature.needs for each in (*patient.flags.values(), *map(patient.judge, conditions)))


def _written(protocol: Protocol, constants: dict[str, Any], *, known: bool) -> CodedPatient:
    counted = CodedPatient(protocol, known=known)
    write(protocol, counted)
    patient = CodedPatient(protocol, known=known, constants=constants, counted=counted)
    write(protocol, patient)
    return patient


def _conclude(
    head: Head, tasks: tuple[str, ...], now: list[Found], today: list[Found], week: list[Found], fortnight: list[Found]
) -> Decision:
    """The decision of a rule, with the flags found at each level of urgency."""
    found = now + today + week + fortnight
    if not found:
        return _new(Decision, head + (tasks, (), ()))  # noqa: RUF005 -- faster than unpacking
    present: list[str] = []
    unsure: list[str] = []
    actions: list[str] = []
    for name, is_present, asked_for, _ in found:
        if is_present:
            present.append(name)
        else:
            unsure.append(name)
        actions += asked_for
    actions += tasks
    return _new(Decision, (*head, tuple(dict.fromkeys(actions)), tuple(present), tuple(unsure)))


def _each_once(actions: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(actions))


def _let_through(permitted: int, *found: list[Found]) -> int:
    """Of the services permitted, as bits, those that every flag found lets through."""
    for level in found:
        for *_, allowed in level:
            permitted &= allowed
    return permitted
