"""Nothing inside the network is reached through an address that somebody else has named."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from django.test import override_settings

from clinic import posting
from clinic.posting import Unreachable, post
from tests.clinic.receiver import Receiver, authority

PUBLIC = "93.184.216.34"
# Loopback, private, link-local, multicast, reserved and unspecified, in every spelling; and what carries one of them within.
NOT_PUBLIC = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "localhost", "0.0.0.0", "0"),  # noqa: S104
    *("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "192.0.2.1", "198.18.0.1"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("[::1]", "[::]", "[fc00::1]", "[fd12::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[100::1]", "[2001:db8::1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]"),
    # What IANA's two registries of special purposes hold beyond these, at both ends.
    *("192.0.0.0", "192.0.0.9", "192.0.0.255", "192.31.196.1", "192.52.193.1", "192.88.99.0", "192.88.99.255"),
    *("100.127.255.255", "172.31.255.255", "192.175.48.255", "198.19.255.255", "198.51.100.1", "203.0.113.255"),
    *("[64:ff9b:1::1]", "[2001:1ff:ffff::1]", "[2001:2::1]", "[2001:20::1]", "[2620:4f:8000::1]", "[3fff::1]"),
    *("[3fff:fff:ffff::1]", "[2002:808:808::1]", "[5f00::1]", "[::ffff:0:7f00:1]", "[4000::1]"),
]


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to; nobody is there."""
    addresses: list[str] = []

    def connect(address: tuple[str, int], timeout: float) -> None:
        addresses.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return addresses


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what the name server says, one look after the other."""

    def say(*looks: list[str]) -> None:
        rest, really = iter(looks), socket.getaddrinfo

        def look(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
            if host != "hooks.example":  # a number by now
                return really(host, port, *args, **options)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(rest)]

        monkeypatch.setattr(socket, "getaddrinfo", look)

    return say


@pytest.mark.parametrize("host", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_never_connected_to(host: str, connected: list[str]):
    for port in ("", ":8443"):
        with pytest.raises(Unreachable, match="not public"):
            post(f"https://{host}{port}/hook", b"", {})
    assert connected == []


@pytest.mark.parametrize("found", [["10.0.0.7"], [PUBLIC, "10.0.0.7"], ["127.0.0.1", PUBLIC], ["::1"]])
def test_a_name_that_leads_to_one_is_refused(found: list[str], answers: Callable[..., None], connected: list[str]):
    answers(found)
    with pytest.raises(Unreachable, match="not public"):
        post("https://hooks.example/", b"", {})
    assert connected == []


NEXT_TO_SPECIAL = ["11.0.0.1", "100.128.0.1", "172.32.0.1", "192.88.98.255", "198.20.0.1", "2001:200::1", "2003::1"]


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::6810:85e5", *NEXT_TO_SPECIAL])
def test_the_connection_goes_to_the_very_address_that_was_looked_at(
    address: str, answers: Callable[..., None], connected: list[str]
):
    answers([address], ["127.0.0.1"], ["127.0.0.1"])
    with pytest.raises(Unreachable, match="ConnectionRefused"):
        post("https://hooks.example/", b"", {})
    assert connected == [address]


@pytest.mark.parametrize("url", ["https:///x", "https://a..b/", "https://hooks.example:99999/", "https://x\x00y/"])
def test_an_address_that_is_none_is_said_to_be_unreachable(url: str):
    with pytest.raises(Unreachable):
        post(url, b"", {})


@pytest.fixture
def ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    trusted, file = authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", file)
    return trusted


@pytest.fixture
def receiver(ca: trustme.CA) -> Iterator[Receiver]:
    with (
        Receiver().listening(ca.issue_cert("127.0.0.1", "hooks.example")) as listening,
        override_settings(WEBHOOK_ALLOW={listening.allowed, f"hooks.example:{listening.port}"}),
    ):
        yield listening


def test_what_is_sent_arrives(receiver: Receiver):
    assert post(f"{receiver.url}?a=1", b"{}", {"X-Word": "said"}) == 200
    (request,) = receiver.requests
    assert (request.body, request.headers["X-Word"], request.headers["Host"]) == (b"{}", "said", receiver.allowed)


def test_a_receiver_is_spoken_to_by_its_name(receiver: Receiver, answers: Callable[..., None]):
    answers(["127.0.0.1"])
    assert post(f"https://hooks.example:{receiver.port}/", b"{}", {}) == 200
    assert receiver.requests[0].headers["Host"] == f"hooks.example:{receiver.port}"


def test_what_is_allowed_is_one_port_of_one_host(receiver: Receiver):
    with Receiver().listening(trustme.CA().issue_cert("127.0.0.1")) as other:
        for url in (other.url, receiver.url.replace("127.0.0.1", "localhost"), "https://127.0.0.1/"):
            with pytest.raises(Unreachable, match="not public"):
                post(url, b"", {})
    assert receiver.requests == other.requests == []


def test_a_redirect_is_not_followed(receiver: Receiver, ca: trustme.CA):
    with Receiver().listening(ca.issue_cert("127.0.0.1")) as inside:
        receiver.answer, receiver.headers = (lambda: 307), {"Location": inside.url}
        assert post(receiver.url, b"{}", {}) == 307
    assert inside.requests == []


@pytest.mark.parametrize(("is_trusted", "name"), [(True, "other.example"), (False, "127.0.0.1")])
def test_a_receiver_that_cannot_prove_its_name_is_told_nothing(is_trusted: bool, name: str, ca: trustme.CA):  # noqa: FBT001
    issuer = ca if is_trusted else trustme.CA()
    with (
        Receiver().listening(issuer.issue_cert(name)) as other,
        override_settings(WEBHOOK_ALLOW={other.allowed}),
        pytest.raises(Unreachable, match="certificate"),
    ):
        post(other.url, b"{}", {})
    assert other.requests == []


def test_a_receiver_that_answers_a_byte_at_a_time_is_cut_off(receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    """Each byte comes in time, the answer as a whole does not."""
    monkeypatch.setattr(posting, "TIMEOUT", 0.4)
    receiver.drips = 0.2
    began = time.monotonic()
    with pytest.raises(Unreachable):
        post(receiver.url, b"{}", {})
    assert time.monotonic() - began < 1.5
    assert len(receiver.requests) == 1
