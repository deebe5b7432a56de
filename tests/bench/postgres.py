"""A PostgreSQL of one's own for as long as it is needed, reached by a socket in its own folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TUNED = "-c fsync=off -c shared_buffers=256MB -c max_wal_size=4GB"


@contextmanager
def private() -> Iterator[str]:
    """The address of a server without databases of ours; `%s` in it stands for a database's name."""
    folder = Path(tempfile.mkdtemp(prefix="yellowflag-bench-"))
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        _run(
            folder,
            "initdb",
            f"--pgdata={data}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--username=postgres",
        )
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' {_TUNED}"
        _run(
            folder,
            "pg_ctl",
            "start",
            f"--pgdata={data}",
            "--wait",
            "--silent",
            f"--log={folder}/log",
            f"--options={options}",
        )
        yield f"postgresql://postgres@/%s?host={folder}"
    finally:
        if (data / "postmaster.pid").exists():
            _run(folder, "pg_ctl", "stop", f"--pgdata={data}", "--mode=immediate", "--silent")
        shutil.rmtree(folder, ignore_errors=True)


def is_installed() -> bool:
    return bool(_programs())


def restart(folder: Path, *, mode: str) -> None:
    """Stop the private server in this folder, fast or immediate, and start it again as it was."""
    _run(folder, "pg_ctl", "restart", f"--pgdata={folder}/data", "--wait", "--silent", f"--mode={mode}")


def _run(folder: Path, program: str, *arguments: str) -> None:
    """Under the name that PostgreSQL runs by: it refuses to be started by root."""
    command = [str(_programs()[-1] / program), *arguments]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", *command]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603 -- our own words only


def _programs() -> list[Path]:
    return sorted(path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"))
