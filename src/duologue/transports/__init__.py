"""ROADS: how a session's media travels; each road turns it into what the pipeline takes."""
