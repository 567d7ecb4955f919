"""The command `duologue`, one module a command."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit code: 0 done, 1 error, 2 wrongly called."""
    try:
        from duologue.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "duologue":
            raise
        sys.stderr.write(
            f"The commands need {error.name!r}, which is not installed. "
            "Install them with: pip install 'duologue[server]'\n"
        )
        return 1
    return run(list(sys.argv[1:] if arguments is None else arguments))
