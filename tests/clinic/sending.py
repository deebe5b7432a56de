"""Forms as a browser sends them: with all that the page had filled in."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse

from clinic.actions import editing, form_keys
from clinic.models.base import EditedRecord


@dataclass
class Form:
    """A form of a page: where it goes, and what it holds as it was given out."""

    method: str
    action: str
    fields: dict[str, Any]


class _Forms(HTMLParser):
    """Every form of a page; of choices only what is chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._area = self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("method", "get"), found.get("action", ""), {}))
        elif tag == "select":
            self._select = found.get("name", "")
        elif tag == "option" and "selected" in found:
            self._hold(self._select, found.get("value", ""))
        elif tag == "textarea":
            self._area = found["name"]
            self._hold(self._area, "")
        elif tag == "input" and found.get("type") not in ("checkbox", "radio"):
            self._hold(found.get("name", ""), found.get("value", ""))
        elif tag == "input" and "checked" in found:
            self._hold(found["name"], found.get("value", "on"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            held = self.forms[-1].fields
            held[self._area] = f"{held[self._area]}{data}".removeprefix("\n")

    def _hold(self, name: str, value: str) -> None:
        if name and self.forms:
            held = self.forms[-1].fields
            before = held.get(name, [])
            many = [*(before if isinstance(before, list) else [before]), value]
            held[name] = many if many[1:] else value


def forms(page: str) -> list[Form]:
    reader = _Forms()
    reader.feed(page)
    return reader.forms


def given_out(client: Client, page: str, to: str = "", **holding: str) -> Form:
    """The form of a page that goes there, and holds that; or the one that goes to the page itself."""
    shown = client.get(page)
    assert shown.status_code == 200, shown
    wanted = (page, "") if to in ("", page) else (to,)
    (found,) = [
        each
        for each in forms(shown.content.decode())
        if each.method == "post" and each.action in wanted and holding.items() <= each.fields.items()
    ]
    found.action = found.action or page
    return found


def send(client: Client, form: Form, **typed: Any) -> Any:
    return client.post(form.action, form.fields | typed)


def close(client: Client, intake: Any, how: str, **typed: Any) -> Any:
    """Complete or cancel an intake from its page of answers."""
    return send(client, given_out(client, reverse("check", args=[intake.pk]), reverse(how, args=[intake.pk])), **typed)


def unseen(row: Any) -> dict[str, str]:
    """What the form of a row holds besides its fields, on a page that was opened just now."""
    version = {"version": str(editing.newest(row).history_id)} if isinstance(row, EditedRecord) else {}
    return {form_keys.FIELD: form_keys.new(), **version}
