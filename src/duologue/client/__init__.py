"""GUEST: sessions for scripts and robots, over a room or a socket, by one set of names."""
