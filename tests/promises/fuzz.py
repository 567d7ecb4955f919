"""Feeds the parsers what atheris finds by coverage: each input is read, or refused as it should.

Run: `python -m tests.promises.fuzz -max_total_time=60`; the options are libFuzzer's.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import Any

atheris: Any = importlib.import_module("atheris")  # it is installed by hand, where somebody fuzzes

with atheris.instrument_imports(include=["duologue.wire", "duologue.core", "duologue.errors"]):
    from duologue.core.redaction import redact
    from duologue.errors import DuologueError
    from duologue.wire import bodies, layercode


def one(data: bytes) -> None:
    """One input, as a frame, as sound within one, as a body, and as a line of the log."""
    text = data.decode(errors="replace")
    for frame in (data, text):
        with contextlib.suppress(layercode.BadFrame):
            message = layercode.decode_client(frame)
            if isinstance(message, layercode.ClientAudio):
                layercode.decode_audio(message.content)
    with contextlib.suppress(DuologueError):
        bodies.read_object(data)
    redact(text)


def main() -> None:
    """Looks until the time is over; an exception that is none of ours ends it with a trace."""
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
