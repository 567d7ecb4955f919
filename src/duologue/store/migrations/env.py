"""Alembic's way in: runs the migrations on the connection that `schema.migrate` hands over."""

from __future__ import annotations

from alembic import context

from duologue.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter most things in place; Alembic then copies the table.
    render_as_batch=True,
    # The caller's transaction spans them all, the version's row included.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
