"""What `make sbom` makes lists what is installed to run Yellowflag, and nothing else."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_list_of_packages_is_that_of_what_is_installed():
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", "requirements.txt"]
    made = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 -- our own
    listed = json.loads(made.stdout)["components"]
    pinned = re.findall(r"^([\w.-]+)==([\w.]+) \\$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert len(pinned) > 20
    assert {(each["name"], each["version"]) for each in listed} == set(pinned)
    for each in listed:
        (found,) = each["externalReferences"]
        assert {digest["alg"] for digest in found["hashes"]} == {"SHA-256"}
