"""Tests on a PostgreSQL of their own: `python -m tests.bench.on_postgres tests/clinic/test_tampering.py` and more of pytest's."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.bench import postgres


def main() -> int:
    with postgres.private() as address:
        command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
        environment = {**os.environ, "DATABASE_URL": address % "soak"}
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 -- our own words only


if __name__ == "__main__":
    sys.exit(main())
