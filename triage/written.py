"""A condition in the language it was read from."""

from __future__ import annotations

from triage.conditions import And, Comparison, Condition, Count, Difference, Not, OneOf, Or, Raised, Reading, Statement


def written(condition: Condition) -> str:
    """The text that reads as this condition; `triage.conditions.parse` takes it back."""
    match condition:
        case Statement(name=name):
            return name
        case Comparison(name=name, operator=operator, number=number):
            return f"{name} {operator} {number}"
        case Difference(name=name, operator=operator, other=other):
            return f"{name} {operator} {other}"
        case OneOf(name=name, words=(word,)):
            return f'{name} == "{word}"'
        case OneOf(name=name, words=words):
            return f"{name} in ({_quoted(words)})"
        case Count(parts=parts, operator=operator, number=number):
            return f"count({', '.join(map(written, parts))}) {operator} {number}"
        case Not(part=part):
            return f"not {_inside(part)}"
        case And(parts=parts):
            return " and ".join(map(_inside, parts))
        case Or(parts=parts):
            return " or ".join(map(_inside, parts))
        case Reading(manner=manner, part=part):
            return f"{manner}({written(part)})"
        case Raised(manner=manner, levels=levels):
            return f"{manner}({_quoted(levels)})"
    raise TypeError(f"not a condition: {condition}")


def _inside(part: Condition) -> str:
    return f"({written(part)})" if isinstance(part, And | Or) else written(part)


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words)
