"""Who is let through to a console in a browser, by the headers of the request alone."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from lakeshell.web.gate import Gate, is_same_origin, is_this_machine

HOST = "127.0.0.1:8480"
ORIGIN = f"http://{HOST}"
gate = Gate(8480)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8480", "localhost:9000", "LOCALHOST", "[::1]:8480"]
)
def test_names_of_this_machine(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        None,
        "example.org",
        "127.0.0.1.example.org",
        "127.0.0.1@example.org",
        "0.0.0.0:8480",
        "[",
    ],
)
def test_names_that_somebody_else_may_give(host: str | None) -> None:
    assert not is_this_machine(host)


def test_a_page_needs_the_token_or_its_cookie() -> None:
    assert gate.refusal(HOST, gate.token, {}) is None
    assert gate.refusal(HOST, None, {gate.cookie: gate.page_pass}) is None
    for given, cookies in (
        (None, {}),
        ("", {}),
        (gate.token[:-1], {}),
        ("ä\udcff", {}),
        (None, {gate.cookie: gate.token}),
        (None, {"lakeshell-1": gate.page_pass}),
    ):
        assert gate.refusal(HOST, given, cookies) is HTTPStatus.UNAUTHORIZED


def test_the_right_token_under_a_foreign_name_is_refused() -> None:
    assert gate.refusal("rebound.example:8480", gate.token, {}) is HTTPStatus.FORBIDDEN
    refused = gate.socket_refusal("rebound.example", "http://rebound.example", gate.token, ())
    assert refused is HTTPStatus.FORBIDDEN


def test_a_socket_needs_the_token_itself() -> None:
    assert gate.socket_refusal(HOST, ORIGIN, gate.token, ()) is None
    assert gate.socket_refusal(HOST, ORIGIN, None, ["lakeshell", f"token.{gate.token}"]) is None
    for given, protocols in (
        (None, ()),
        (gate.page_pass, ()),
        (None, ["lakeshell", "token."]),
        (None, [gate.token]),
    ):
        refused = gate.socket_refusal(HOST, ORIGIN, given, protocols)
        assert refused is HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "origin", [None, "null", "http://example.org", "http://127.0.0.1:9999", "file://127.0.0.1:8480"]
)
def test_a_socket_of_another_page_is_refused(origin: str | None) -> None:
    assert gate.socket_refusal(HOST, origin, gate.token, ()) is HTTPStatus.FORBIDDEN


def test_a_page_through_a_tunnel_has_the_port_of_its_other_end() -> None:
    assert is_same_origin("http://localhost:9000", "localhost:9000")


def test_each_run_has_a_token_of_its_own_that_cannot_be_guessed() -> None:
    assert Gate(1).token != Gate(1).token
    assert len(gate.token) >= 43
