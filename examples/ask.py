"""Ask an agent from a script: `duologue dev`, then `python examples/ask.py "Tell me a joke"`."""

import sys

from duologue import BlockingSession, TokenSource

server = TokenSource.duologue("http://127.0.0.1:8787")
with BlockingSession(server, agent_name="demo", transport="websocket") as talk:
    print(talk.wait_for_reply())
    for question in sys.argv[1:] or ["What can you do?"]:
        talk.send(question)
        print(talk.wait_for_reply())
