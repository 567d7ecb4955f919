"""What can be copied from the pages: each of them runs as it stands."""

from __future__ import annotations

from typing import Final

OWN_AGENT: Final = (
    "from livekit.agents import Agent\n\nimport duologue\n\n\n"
    '@duologue.agent("front-desk", greeting="Hello! How can I help?")\n'
    "class FrontDesk(Agent):\n"
    '    """You are the friendly front desk of a small hotel. '
    'Answer in one or two short sentences."""'
)
"""Your own agent in ten lines: examples/front_desk.py without its docstring."""


def on_your_site(url: str, slug: str, public_key: str | None) -> str:
    """A button on any page that talks with an agent of this server."""
    base = url.rstrip("/")
    key = f'\n    publicKey: "{public_key}",' if public_key else ""
    return (
        '<button id="talk">Talk</button>\n'
        '<script type="module">\n'
        f'  import {{ Session }} from "{base}/assets/duologue.js";\n\n'
        "  const session = new Session({\n"
        f'    agent: "{slug}",\n'
        f'    baseUrl: "{base}",{key}\n'
        "  });\n"
        '  const button = document.getElementById("talk");\n'
        '  session.on("agentState", (state) => (button.textContent = state));\n'
        "  button.onclick = () =>\n"
        '    session.state === "connected" ? session.disconnect() : session.connect();\n'
        "</script>"
    )


def open_the_page(slug: str, url: str) -> tuple[str, str]:
    """The two commands after which the talk page of `serve` talks."""
    return (
        f"duologue keys create --kind public --agent {slug} --origin {url.rstrip('/')}",
        "DUOLOGUE_TALK_KEY=dk_public_… duologue serve",
    )
