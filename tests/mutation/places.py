"""The places at which the clinic tells its trail, asks who may, or shows only what may be seen; each can be left out."""

from __future__ import annotations

import ast
from collections import defaultdict
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parent.parent.parent
# What is called, and what stands there when it is left out.
NOTHING = ast.Constant(None)
INSTEAD: dict[str, ast.expr] = {
    "audit.record": NOTHING,
    "audit.record_seen": NOTHING,
    "audit.record_stranger": NOTHING,
    "people.record_everywhere": NOTHING,
    "record_everywhere": NOTHING,
    "rows.note": NOTHING,
    "permissions.require": NOTHING,
    "permissions.require_somewhere": NOTHING,
    "permissions.sites_of": ast.parse("_every_site()", mode="eval").body,
}
reached: defaultdict[str, set[str]] = defaultdict(set)  # by which tests
left_out = ""


def is_kept(place: str) -> bool:
    reached[place].add(environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0])
    return place != left_out


def every_site() -> Any:
    """As if everybody might do everything everywhere."""
    from clinic.models import Site

    return frozenset(Site.objects.values_list("pk", flat=True))


class Marked(ast.NodeTransformer):
    """A module in which each place asks whether it is kept."""

    def __init__(self, file: Path) -> None:
        self._within = [file.relative_to(ROOT).as_posix()]
        self.places: list[str] = []

    def _enter(self, node: Any) -> Any:
        self._within.append(node.name)
        self.generic_visit(node)
        self._within.pop()
        return node

    visit_ClassDef = visit_FunctionDef = _enter

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        instead = _instead(node)
        if instead is None:
            return node
        place = f"{' '.join(self._within)}: {ast.unparse(node.func)}"
        while place in self.places:
            place += " again"
        self.places.append(place)
        asks = ast.Call(ast.Name("_is_kept", ast.Load()), [ast.Constant(place)], [])
        return ast.copy_location(ast.IfExp(asks, node, instead), node)


def _instead(call: ast.Call) -> ast.expr | None:
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("visible_to", "to_act_on"):
        return ast.Call(ast.Attribute(call.func.value, "all", ast.Load()), [], [])
    return INSTEAD.get(ast.unparse(call.func))


def marked(file: Path) -> tuple[ast.Module, list[str]]:
    marking = Marked(file)
    tree = ast.fix_missing_locations(marking.visit(ast.parse(file.read_text())))
    return tree, marking.places


class MarkedLoader(SourceFileLoader):
    def get_code(self, fullname: str) -> Any:
        return compile(marked(Path(self.path))[0], self.path, "exec", dont_inherit=True)

    def exec_module(self, module: Any) -> None:
        module._is_kept, module._every_site = is_kept, every_site
        super().exec_module(module)


class MarkedFinder(MetaPathFinder):
    """Has every module of the clinic loaded with its places marked."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname.startswith("clinic.") else None
        if spec is not None and spec.origin and spec.origin.endswith(".py"):
            spec.loader = MarkedLoader(spec.name, spec.origin)
        return spec


def everywhere() -> list[str]:
    """Every place in the clinic."""
    return [place for file in sorted(ROOT.glob("clinic/**/*.py")) for place in marked(file)[1]]
