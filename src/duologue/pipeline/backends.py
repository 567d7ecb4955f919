"""The back ends of this process' agents: one for each, whoever talks to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from duologue.agents.definition import LoadedAgent
from duologue.agents.registry import Catalog
from duologue.agents.webhook.backend import Backend
from duologue.settings import Settings

CLOSING: Final = 5.0
"""Seconds in which what was not delivered may still be, when the server goes away."""


class Backends:
    """Knows each agent's back end, and connects to none before it is needed."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._environment = environment
        self._open: dict[str, Backend] = {}

    def open(self, catalog: Catalog) -> None:
        """Refuses a server whose agents' addresses or secrets are no good, before anybody calls."""
        for loaded in catalog.all():
            self.of(loaded)

    def of(self, loaded: LoadedAgent) -> Backend | None:
        """The back end that thinks for an agent, if one does."""
        webhook = loaded.webhook
        if webhook is None:
            return None
        slug = loaded.definition.slug
        if slug not in self._open:
            self._open[slug] = Backend(
                slug,
                webhook,
                master=self._settings.webhook_secret,
                private=self._settings.allow_private_webhooks,
                public_url=self._settings.public_url,
                environment=self._environment,
            )
        return self._open[slug]

    async def aclose(self) -> None:
        """Lets what is on its way arrive, within bounds."""
        await asyncio.gather(*(each.aclose(CLOSING) for each in self._open.values()))
        self._open.clear()
