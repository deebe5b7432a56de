"""Fill an empty database with a clinic of many intakes: the stories, copied with other people, days and ids.

Every row is as the product writes it, the chain of the trail included, save that each intake
keeps its newest assessment only, that answers and outcomes are cut to what lists and counts read,
and that no history rows are written.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.core.management import call_command
from django.db import connection, models, transaction

from clinic import guard, protocols
from clinic.actions import counting, people
from clinic.models import Assessment, AuditEvent, AuditHead, Intake, Patient, Site, User
from clinic.models.audit import START
from clinic.permissions import Role
from tests import factories
from tests.bench.stories import BEGAN, COPIED, Rows, Staff, Story, staff, stories

SITES = (4, 3, 2, 1)  # how the intakes are shared out
DAYS = 730  # how far back the clinic reaches
RECENT = 30  # what is still waited for began within so many days
ROLES = (Role.CLINICIAN, Role.AUDITOR)
_AT_ONCE = 2000
_FAMILY = ("Al", "Ber", "Cor", "Dal", "El", "Fen", "Gar", "Hol", "Ing", "Jar", "Kel", "Lam", "Mor", "Nor", "Os", "Pel")
_FAMILY_ENDS = (
    "by",
    "croft",
    "den",
    "field",
    "ford",
    "ham",
    "ley",
    "mere",
    "ow",
    "son",
    "ton",
    "wick",
    "worth",
    "yard",
)
_GIVEN = (
    "Ada",
    "Ben",
    "Cleo",
    "Dora",
    "Emil",
    "Fay",
    "Gus",
    "Hedy",
    "Ivo",
    "June",
    "Kai",
    "Lena",
    "Max",
    "Nora",
    "Otto",
)

Columns = dict[str, Any]


def seed(intakes: int) -> None:
    """Migrate and fill; the same number gives the same clinic."""
    _hurry()
    call_command("migrate", verbosity=0)
    factories.published_release()
    teams = [staff(factories.site()) for _ in SITES]
    for role in ROLES:
        one, *others = [team.site for team in teams]
        factories.user(role, one, username=at_one(role))
        everywhere = factories.user(role, one, username=at_all(role))
        for site in others:
            people.grant(user=User.objects.get(pk=everywhere.pk), site=site, role=role, by=people.system())
    with guard.lowered(), transaction.atomic():
        Copies(teams, stories(teams[0])).write(intakes)
    _take_stock()
    counting.summarise()
    _take_stock()


def at_one(role: Role) -> str:
    """The name of somebody who has the role at the largest site."""
    return f"bench-{role}"


def at_all(role: Role) -> str:
    """The name of somebody who has the role at every site."""
    return f"bench-{role}-everywhere"


def _hurry() -> None:
    """Nothing is lost with a database that only a measurement needs."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous = OFF")
            cursor.execute("PRAGMA cache_size = -400000")


def _take_stock() -> None:
    """What PostgreSQL does by itself in a while, and `manage.py summarise` does for SQLite."""
    counting.take_stock()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


class Copies:
    """Copies of the stories, in the order of time."""

    def __init__(self, teams: Sequence[Staff], told: Sequence[Story]) -> None:
        self._teams = teams
        self._told = told
        self._chance = random.Random(7)  # noqa: S311 -- the same clinic every time
        self._ends = {team.site.pk: _end(team.site) for team in teams}
        self._today = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
        release = protocols.newest("back-pain")
        assert release is not None
        self._flags = [flag.id for flag in protocols.get(release).flags]
        self._questions = list(protocols.get(release).questions)

    def write(self, number: int) -> None:
        beginnings = enumerate(self._beginnings(number))
        while some := list(islice(beginnings, _AT_ONCE)):
            written: dict[type[models.Model], list[Columns]] = {model: [] for model in COPIED}
            for place, (days_ago, story) in some:
                self._copy(story, days_ago, place, written)
            for model, rows in written.items():
                _insert(model, rows)
        for site, (seq, digest) in self._ends.items():
            AuditHead.objects.filter(site=site).update(seq=seq, hash=digest)

    def _beginnings(self, number: int) -> list[tuple[int, Story]]:
        """Which story begins how many days ago, the earliest first."""
        chosen = self._chance.choices(self._told, [each.weight for each in self._told], k=number)
        days = [self._chance.randint(each.days + 1, RECENT if each.is_waiting else DAYS) for each in chosen]
        return sorted(zip(days, chosen, strict=True), key=lambda each: -each[0])

    def _copy(self, story: Story, days_ago: int, place: int, written: dict[type[models.Model], list[Columns]]) -> None:
        team = self._chance.choices(self._teams, SITES)[0]
        later = self._today - timedelta(days=days_ago, seconds=-place % 21600) - BEGAN
        names = self._names(story.rows, team, later)
        for model, rows in story.rows.items():
            for row in rows:
                columns = row | {name: _moved(row[name], names, later) for name in story.moving(model)}
                written[model].append(columns | self._particular(model, columns, place))

    def _names(self, rows: Rows, team: Staff, later: timedelta) -> dict[UUID, UUID]:
        """What every id of the story becomes: rows anew, the site and its staff those of another."""
        teller = self._teams[0]
        names = {teller.site.pk: team.site.pk, teller.clerk.pk: team.clerk.pk}
        names[teller.clinicians[0].pk] = self._chance.choice(team.clinicians).pk
        at = rows[AuditEvent][0]["at"] + later
        ids = [row["id"] for each in rows.values() for row in each]
        return names | {each: _id(at, number, self._chance) for number, each in enumerate(ids)}

    def _particular(self, model: type[models.Model], row: Columns, place: int) -> Columns:
        """What makes this copy another person's."""
        if model is Patient:
            family = self._chance.choice(_FAMILY) + self._chance.choice(_FAMILY_ENDS)
            born = date(self._chance.randint(1945, 2005), self._chance.randint(1, 12), self._chance.randint(1, 28))
            given = self._chance.choice(_GIVEN)
            return {"reference": f"B{place:07}", "family_name": family, "given_name": given, "date_of_birth": born}
        if model is Intake:
            return {"answers": dict(list(row["answers"].items())[:8])}
        if model is Assessment:
            return {"outcome": self._cut(row["outcome"]), "answers": self._unsure()}
        return self._chained(row, UUID(int=self._chance.getrandbits(128)).hex) if model is AuditEvent else {}

    def _cut(self, outcome: dict[str, Any]) -> dict[str, Any]:
        """The outcome without what it lists as excluded, and with what else may be found in a patient."""
        found = [each for each in outcome["findings"] if each["state"] in ("present", "unsure")]
        other = self._chance.sample(self._flags, self._chance.choice((0, 0, 1, 2)))
        found += [{"flag": flag, "state": self._chance.choice(("present", "unsure"))} for flag in other]
        because = [{name: each[name] for name in ("kind", "id", "level", "state")} for each in outcome["because"]]
        return outcome | {
            "findings": found,
            "because": because,
            "outstanding": outcome["outstanding"][:2],
            "advice": [],
        }

    def _unsure(self) -> dict[str, Any]:
        some = self._chance.sample(self._questions, 3)
        return {name: {"value": self._chance.choice(("not_sure", "no", "yes"))} for name in some}

    def _chained(self, row: Columns, request_id: str) -> Columns:
        seq, prev = self._ends[row["site_id"]]
        changed = {"seq": seq + 1, "prev": prev, "request_id": request_id}
        digest = AuditEvent.compute_hash(SimpleNamespace(**row | changed))  # type: ignore[arg-type]  # as if it were one
        self._ends[row["site_id"]] = seq + 1, digest
        return changed | {"hash": digest}


def _end(site: Site) -> tuple[int, str]:
    head = AuditHead.objects.filter(site=site).values_list("seq", "hash").first()
    return head or (0, START)


def _id(at: datetime, number: int, chance: random.Random) -> UUID:
    """As `clinic.models.base.uuid7` makes them, of another moment."""
    version, variant = 0x7 << 76, 0b10 << 62
    return UUID(int=int(at.timestamp() * 1000 + number) << 80 | version | variant | chance.getrandbits(62))


def _moved(value: Any, names: dict[UUID, UUID], later: timedelta) -> Any:
    """A value of the story as it is in the copy; ids stand in the trail's details as text too."""
    if isinstance(value, UUID):
        return names.get(value, value)
    if isinstance(value, datetime):
        return value + later
    if isinstance(value, date):
        return value + timedelta(days=later.days)
    if isinstance(value, dict) and len(value) <= 2:
        return {name: _renamed(each, names) for name, each in value.items()}
    return value


def _renamed(value: Any, names: dict[UUID, UUID]) -> Any:
    return str(names.get(UUID(value), value)) if isinstance(value, str) and len(value) == 36 else value


def _insert(model: type[models.Model], rows: Sequence[Columns]) -> None:
    """As fast as the database takes rows: the guard against writing in bulk is for the product."""
    fields = model._meta.concrete_fields
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    attributes = [field.attname for field in fields]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([_as_text(row[name], _JSON) for name in attributes])
        else:
            places = ", ".join(["%s"] * len(fields))
            lines = [[_as_text(row[name], _SQLITE) for name in attributes] for row in rows]
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", lines)  # noqa: S608 -- names of models only


_JSON: dict[type, Callable[[Any], Any]] = {dict: json.dumps, list: json.dumps}
_SQLITE = _JSON | {
    UUID: lambda value: value.hex,
    datetime: lambda value: str(value.replace(tzinfo=None)),
    date: lambda value: value.isoformat(),
}


def _as_text(value: Any, texts: dict[type, Callable[[Any], Any]]) -> Any:
    to_text = texts.get(type(value))
    return to_text(value) if to_text else value
