"""The table of errors."""

import copy
import string

import pytest

import duologue
from duologue.client import errors as client
from duologue.errors import FAULTS, DuologueError, NotOnThisTransport, RpcError


@pytest.mark.parametrize("code", FAULTS)
def test_each_error_says_what_which_value_and_survives_a_copy(code: str) -> None:
    """Every message can be made from its named values and every error can be copied."""
    names = [name for _, name, _, _ in string.Formatter().parse(FAULTS[code].message) if name]
    error = DuologueError(code, **{name: f"<{name}>" for name in names})
    assert all(f"<{name}>" in error.message for name in names)
    assert copy.copy(error).message == error.message
    assert 400 <= error.status < 600


def test_close_codes_are_ours_or_registered() -> None:
    """A close code is one of RFC 6455 or lies in the private range."""
    codes = {fault.close for fault in FAULTS.values() if fault.close is not None}
    assert codes <= {1009, 1011, 1012, 1013, 4001, 4002, 4003, 4004, 4029}


def test_what_a_road_lacks_is_named() -> None:
    """The error of a missing feature names the feature and the road."""
    error = NotOnThisTransport("camera", "websocket")
    assert error.message == (
        "camera does not exist on the websocket road; docs/transports.md says which road has it."
    )
    assert copy.copy(error).code == "not_on_this_transport"


def test_an_answer_that_is_an_error_keeps_its_number() -> None:
    """It can be copied, and its sentence shows the number."""
    error = copy.copy(RpcError(1777, "No fix", "{}"))
    assert (error.code, error.message, error.data, str(error)) == (
        1777,
        "No fix",
        "{}",
        "No fix (1777)",
    )


def test_one_except_catches_what_either_side_was_answered() -> None:
    """A client's error and an agent's are the same, under the name that a user imports."""
    assert duologue.RpcError is client.RpcError is RpcError
