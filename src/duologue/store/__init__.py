"""MEMORY: what is remembered, in SQLite or PostgreSQL."""
