"""What one submit costs: `python -m tests.bench.submit`. Answers sent through the API, beside a bare insert of the same rows.

In this process, no sockets, on SQLite and PostgreSQL. A submit is the whole of `POST intakes/ID/answers/`: token, checks,
evaluation, history, guard, trail. Beside it stand two floors. The bare insert writes copies of the rows that it left (the
intake, its history, the assessment, the entry of the trail, the end of the trail) through the driver, in one transaction, to
tables without keys or triggers. The bare function is WSGI without a framework: it reads the body, checks the answers, decides
with reasons, and writes such rows in the same way. Where django-ninja is installed, a plain application of it does the same job beside them: the same engine, the ORM,
simple-history, four rows, and no token, guard, trail or worklist. They take turns, so that a slow moment of the machine
meets all. Then come where the time goes, and eight clients at once against the server. With `--without-guard` the triggers
are away, to see their share.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tests.bench import postgres
from tests.bench.lists import _created

if TYPE_CHECKING:
    from tests.bench.bare import Bare

_ROUNDS, _EACH = 15, 10
_NINJA = find_spec("ninja") is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-guard", action="store_true")
    parser.add_argument("--seconds", type=float, default=5, help="for which eight clients ask at once; 0 for none")
    asked = parser.parse_args()
    _set_up()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yellowflag-bench-")))
        _measure("SQLite", f"sqlite:///{folder}/clinic.sqlite3", asked)
        if postgres.is_installed():
            server = stack.enter_context(postgres.private())
            _measure("PostgreSQL", _created(server, "submit"), asked)


def _set_up() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.plain_ninja.settings" if _NINJA else "tests.settings"
    import django

    django.setup()
    logging.disable(logging.WARNING)


def _measure(name: str, url: str, asked: argparse.Namespace) -> None:
    from django.core.management import call_command
    from django.test import Client

    from clinic import guard
    from clinic.actions import starting, tokens
    from clinic.permissions import Role
    from tests import factories
    from tests.bench.bare import Bare
    from tests.bench.clients import under_load
    from tests.bench.measuring import use

    use(url)
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)  # the plain application, whose tables lead to those of ours
    site = factories.site()
    clinician = factories.user(Role.CLINICIAN, site)
    secret = tokens.issue(user=clinician, name="bench", scope="decide", by=clinician)
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {secret}", "If-Match": "*"})
    factories.published_release()
    starting.ready()
    if asked.without_guard:
        guard.lower_guard()

    def opened() -> str:
        return f"/api/v1/intakes/{factories.open_intake(site, clinician).pk}/answers/"

    def submit(path: str) -> float:
        return _post(client, path)

    submit(opened())
    load = f"{os.cpu_count()} cores with a load of {os.getloadavg()[0]:.1f}"
    _say(f"{name}, on {load}: {_statements(submit, opened())} statements a submit")
    _by_turns(opened, submit, Bare(site))
    _say_where_it_goes(opened, submit)
    if asked.seconds:
        _say(under_load(site, clinician, secret, seconds=asked.seconds))


def _body() -> str:
    from tests import factories

    return json.dumps({"answers": factories.answers()})


def _post(client: Any, path: str) -> float:
    body = _body()
    began = perf_counter()
    answer = client.post(path, body, content_type="application/json")
    took = perf_counter() - began
    assert answer.status_code == 200, answer.content
    return took


def _statements(submit: Callable[[str], float], path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        submit(path)
    return len(captured)


def _by_turns(opened: Callable[[], str], submit: Callable[[str], float], bare: Bare) -> None:
    body = _body().encode()
    taken: dict[str, list[float]] = {"submit": [], "bare insert": [], "bare function": [], "django-ninja": []}
    for _ in range(_ROUNDS):
        paths = [opened() for _ in range(_EACH)]
        taken["submit"].append(statistics.median(submit(path) for path in paths))
        taken["bare insert"].append(statistics.median(bare.insert() for _ in range(_EACH)))
        taken["bare function"].append(statistics.median(bare.submit(body) for _ in range(_EACH)))
        if _NINJA:
            taken["django-ninja"].append(_plain())
    submits = taken.pop("submit")
    _say(f"  submit {_ms(submits)} ms")
    for name, seconds in taken.items():
        _say(f"  {name} {_ms(seconds)} ms, submit {_times(submits, seconds)} times" if seconds else f"  no {name} here")


def _plain() -> float:
    """The plain application, with the middleware that Django sets up."""
    from django.test import Client, override_settings

    from tests.bench.plain_ninja.models import PlainIntake
    from tests.bench.plain_ninja.settings import PLAIN

    with override_settings(**PLAIN):
        client = Client(SERVER_NAME="localhost")
        paths = [f"/intakes/{PlainIntake.objects.create().pk}/answers/" for _ in range(_EACH + 1)]
        _post(client, paths.pop())
        return statistics.median(_post(client, path) for path in paths)


def _say_where_it_goes(opened: Callable[[], str], submit: Callable[[str], float]) -> None:
    from tests.bench.parts import lines, timed

    paths = [opened() for _ in range(_ROUNDS * 2)]
    with timed() as taken:
        whole = [submit(path) for path in paths]
    for line in lines(taken, whole):
        _say(line)


def _times(one: list[float], other: list[float]) -> str:
    """How many times as long it took, in the middle of the rounds."""
    return f"{statistics.median(a / b for a, b in zip(one, other, strict=True)):.1f}"


def _ms(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.2f}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
