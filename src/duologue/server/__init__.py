"""HOUSE: the ASGI application, one module a door."""
