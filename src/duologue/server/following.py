"""A child's side of its parent: it ends when the parent is gone, however that died."""

from __future__ import annotations

import os
import signal
import sys
import threading


def follow_parent() -> None:
    """From now on, the end of what stdin is connected to asks this process to end, in peace.

    By SIGHUP, which is no second SIGTERM to one that is just ending: its turns are not cut.
    """
    threading.Thread(target=_follow, args=(sys.stdin.fileno(),), daemon=True).start()


def _follow(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGHUP)
