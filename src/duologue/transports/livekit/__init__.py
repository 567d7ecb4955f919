"""The room road: jobs of a LiveKit server, taken in our own loop, one agent participant each."""
