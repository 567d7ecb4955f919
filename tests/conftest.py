"""What every test has: coroutine tests, and no task or thread left behind."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, which is no defect of ours.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

if TYPE_CHECKING:
    from tests.rooms.livekit import LiveKit


@pytest.fixture(scope="session")
def livekit() -> Iterator[LiveKit]:
    """A LiveKit server for all tests of this process; one that stops it has its own."""
    from tests.rooms.livekit import server  # LiveKit's packages cost a second, which few need

    with server() as running:
        yield running


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no name: packed ones hold the time, and every worker must find the same tests."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Coroutine tests run on a loop of their own, which must end without tasks of theirs."""
    function = pyfuncitem.obj
    if not inspect.iscoroutinefunction(function):
        return None
    names = inspect.signature(function).parameters
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(_whole(function(**arguments)))
    return True


async def _whole(test: Any) -> None:
    before = asyncio.all_tasks()
    await test
    left = await _left(before)
    if left:
        pytest.fail(f"tasks left behind: {left}")


async def _left(before: set[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """Tasks that do not end, though nothing is done with them any more."""
    for _ in range(100):
        await asyncio.sleep(0)
        left = [task for task in asyncio.all_tasks() - before if not task.done()]
        if not left:
            break
        await asyncio.sleep(0.05)  # LiveKit's room ends its own a moment later
    return left
