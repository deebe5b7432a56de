"""Ends well where the server of this container is ready."""

import os
from http.client import HTTPConnection

asked = HTTPConnection("127.0.0.1", 8000, timeout=8)
asked.request("GET", "/readyz", headers={"Host": os.environ["YELLOWFLAG_HOSTS"].split(",")[0].strip()})
raise SystemExit(asked.getresponse().status != 200)
