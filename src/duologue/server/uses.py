"""When keys were last used, noted where a request of theirs writes nothing else."""

from __future__ import annotations

from typing import Final

import structlog

from duologue.access.keys import Principal
from duologue.pipeline.host import Host
from duologue.store import keys

log = structlog.get_logger(__name__)

MINUTE_MS: Final = 60_000
MOST: Final = 4096


class Uses:
    """Notes that a key is in use, at most once a minute: a busy key costs no write each time."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._noted: dict[str, int] = {}

    async def note(self, principal: Principal) -> None:
        """Notes that this one's key let somebody in just now; without a key it is nothing."""
        key, now = principal.key_id, self._host.clock()
        if key is None or now - self._noted.get(key, 0) < MINUTE_MS:
            return
        if len(self._noted) >= MOST:
            self._noted.clear()
        self._noted[key] = now
        try:
            await self._host.db.write(keys.used, principal.org_id, key, now)
        except Exception:  # who asks is answered all the same
            log.exception("use of a key not noted", key=key)
