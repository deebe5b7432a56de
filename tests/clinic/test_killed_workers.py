"""Workers that are killed in the middle of it, and a receiver that fails one time in five: nothing is lost.

The suite kills three; `make soak` kills forty (YELLOWFLAG_KILLS).
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import override_settings

from clinic import clock
from clinic.actions import outbox, webhooks
from clinic.models import Delivery, MessageKind, OutboxMessage, Site, User
from clinic.settings import BASE_DIR
from tests.clinic.receiver import Receiver, authority

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = int(os.environ.get("YELLOWFLAG_KILLS", "3"))
EACH = 15  # messages that each worker delivers before it is killed
WORKER = """
import django
django.setup()
from datetime import timedelta
from django.core.management import call_command
from clinic.actions import delivering
from clinic.management.commands import deliver
delivering.LEASE, deliver.PAUSE = timedelta(seconds=1), 0.01
delivering.FIRST_PAUSE, delivering.LONGEST_PAUSE = timedelta(seconds=0.01), timedelta(seconds=0.1)
call_command("deliver", "--forever")
"""


class Unreliable:
    """Thinks for a moment; refuses or breaks off one time in five."""

    def __init__(self) -> None:
        self.dice = Random(20261125)  # noqa: S311 -- the same story each time
        self.accepts = False  # right now, and nobody has heard of it yet

    def __call__(self) -> int | None:
        status = self.dice.choice([503, None]) if self.dice.random() < 0.2 else 200
        self.accepts = status == 200
        time.sleep(0.01)
        self.accepts = False
        return status


@pytest.fixture
def unreliable() -> Unreliable:
    return Unreliable()


@pytest.fixture
def receiver(tmp_path: Path, unreliable: Unreliable) -> Iterator[Receiver]:
    ca, file = authority(tmp_path)
    with Receiver(answer=unreliable, authority=file).listening(ca.issue_cert("127.0.0.1")) as listening:
        yield listening


def address_of_database() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextmanager
def worker(receiver: Receiver) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
        "YELLOWFLAG_ENV": "demo",
        "DATABASE_URL": address_of_database(),
        "YELLOWFLAG_WEBHOOK_ALLOW": receiver.allowed,
        "SSL_CERT_FILE": receiver.authority,
    }
    command = [sys.executable, "-c", WORKER]
    with subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60 + 3 * KILLS
    while not is_so():
        assert process.poll() is None, "the worker has ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.001)


def has_received(receiver: Receiver, number: int) -> bool:
    return len(receiver.requests) >= number


def kill(process: subprocess.Popen[bytes]) -> bool:
    """Without a word of warning; whether it was in the middle of a delivery."""
    process.kill()
    process.wait(timeout=10)
    return Delivery.objects.waiting().filter(leased_until__gt=clock.now()).exists()


def test_a_worker_that_is_told_to_stop_finishes_what_it_has_in_hand(here: Site, admin: User, receiver: Receiver):
    with override_settings(WEBHOOK_ALLOW={receiver.allowed}):
        webhooks.add(site=here, url=receiver.url, events=MessageKind.values, by=admin)
    for _ in range(200):
        outbox.announce(kind=MessageKind.INTAKE_COMPLETED, site=here, obj=here)
    with worker(receiver) as process:
        wait_until(partial(has_received, receiver, 5), process)
        process.terminate()
        assert process.wait(timeout=10) == 0
    assert Delivery.objects.waiting().exists()
    assert not Delivery.objects.exclude(leased_until=None).exists()


def test_no_message_is_lost_and_one_that_comes_twice_is_known_by_its_id(
    here: Site, admin: User, receiver: Receiver, unreliable: Unreliable
):
    with override_settings(WEBHOOK_ALLOW={receiver.allowed}):
        webhooks.add(site=here, url=receiver.url, events=MessageKind.values, by=admin)
    for _ in range(KILLS * EACH * 2):
        outbox.announce(kind=MessageKind.INTAKE_COMPLETED, site=here, obj=here)
    hits, dice = 0, Random(1)  # noqa: S311 -- the same moments each time
    for number in range(KILLS):
        with worker(receiver) as process:
            wait_until(partial(has_received, receiver, len(receiver.requests) + EACH), process)
            wait_until(lambda: unreliable.accepts, process)
            time.sleep(number % 2 * dice.random() * 0.03)
            hits += kill(process)
    with worker(receiver) as process:
        wait_until(lambda: not Delivery.objects.waiting().exists(), process)
        kill(process)
    arrived = [each for each in receiver.requests if each.answered == 200]
    known = {str(pk) for pk in OutboxMessage.objects.values_list("pk", flat=True)}
    print(f"{KILLS} kills, {hits} in a delivery; {len(known)} messages, {len(arrived)} arrived")  # noqa: T201
    assert hits, "no kill hit a delivery: nothing has been tried"
    assert len(arrived) > len(known), "no message came twice: nothing has been tried"
    assert {each.message for each in arrived} == known
    assert {(each.message, each.body) for each in receiver.requests} == {(each.message, each.body) for each in arrived}
    assert len({each.body for each in arrived}) == len(known) == KILLS * EACH * 2
    assert not Delivery.objects.filter(delivered_at=None).exists()
    assert any(each.answered is None for each in receiver.requests)
