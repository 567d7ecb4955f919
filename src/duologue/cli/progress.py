"""Shows how far long work is, to somebody who watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn


@contextmanager
def bars(*, silent: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing that is told, on a terminal; elsewhere nothing is drawn.

    What it gives takes the name of a thing, how much of it is done, and how much there is.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, disable=silent or not console.is_terminal, transient=True
    ) as drawn:
        tasks: dict[str, TaskID] = {}

        def tell(name: str, done: int, total: int) -> None:
            if not total:
                return
            if name not in tasks:
                tasks[name] = drawn.add_task(name, total=total)
            drawn.update(tasks[name], completed=done, total=max(done, total))

        yield tell
