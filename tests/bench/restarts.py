"""PostgreSQL is restarted under load: `python -m tests.bench.restarts --times 24`. Nothing is lost and no answer is a 500.

It is stopped fast and at once by turns (`pg_ctl restart --mode=fast` and `immediate`), while clients take patients in through
a server with two workers and ask again, under the same key, until they are told.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Event

from tests.bench import postgres
from tests.bench.lists import _created, _set_up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=24)
    times = parser.parse_args().times
    _set_up()
    with ExitStack() as stack:
        address = stack.enter_context(postgres.private())
        _run(_created(address, "restarts"), Path(address.partition("host=")[2]), times)


def _run(url: str, folder: Path, times: int) -> None:
    from django.core.management import call_command

    from tests import factories
    from tests.bench.measuring import use
    from tests.clinic.test_crashes import Server, assert_nothing_is_lost, clients_of

    use(url)
    call_command("migrate", verbosity=0)
    site, stop, server = factories.site(), Event(), Server()
    factories.published_release()
    clients = clients_of(server, site, stop)
    server.start()
    for client in clients:
        client.start()
    for number in range(times):
        time.sleep(random.uniform(1, 3))  # noqa: S311 -- whatever comes
        postgres.restart(folder, mode="immediate" if number % 2 else "fast")
    time.sleep(3)
    stop.set()
    for client in clients:
        client.join(timeout=120)
    server.kill()
    use(url)  # the connection of before is gone
    assert_nothing_is_lost(clients, site, at_least=times)
    refused = sum(client.refused for client in clients)
    cut_off = sum(client.cut_off for client in clients)
    done = sum(len(client.done) for client in clients)
    sys.stdout.write(
        f"{times} restarts, {done} patients taken in, {refused} answers of 503, {cut_off} cut off, 0 lost\n"
    )


if __name__ == "__main__":
    main()
