"""An agent with a tool, that talks to the page and hangs up: `duologue dev examples/tools.py`."""

from livekit.agents import Agent, function_tool

import duologue

STOCK = {"apple": 3, "pear": 0}


@duologue.agent(
    "greengrocer",
    greeting="Hello! Which fruit would you like?",
    # What callers will say: the offline recognizer understands these best.
    phrases=["Do you have (apples | pears)?", "I'd like {number} (apples | pears).", "Goodbye."],
    turns={"silence": 0.3},
)
class Greengrocer(Agent):
    """Sells fruit and shows it on the page."""

    def __init__(self) -> None:
        super().__init__(instructions="You sell fruit. Look into the stock before you promise.")

    async def on_enter(self) -> None:
        """Listens to the page."""
        duologue.current().on_data(self.page_said)

    async def page_said(self, data: object) -> None:
        """Answers what the page asks in JSON."""
        if data == {"want": "stock"}:
            duologue.current().send({"stock": STOCK})

    @function_tool
    async def in_stock(self, fruit: str) -> int:
        """How many there are of a fruit (in the singular)."""
        count = STOCK.get(fruit.lower(), 0)
        duologue.current().send({"looked_up": fruit, "count": count})
        return count

    @function_tool
    async def goodbye(self) -> None:
        """Ends the call, after the caller said goodbye."""
        duologue.current().end(say="Goodbye, and enjoy your fruit!")
