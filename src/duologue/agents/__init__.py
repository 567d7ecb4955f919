"""WHO: what an agent is, where its definition comes from, and the voices it has without a key."""
