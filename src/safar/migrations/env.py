"""Alembic's entry: runs the migrations on the connection that kernel.migrate hands over."""

from alembic import context
from sqlalchemy import Connection, text

connection: Connection = context.config.attributes["connection"]
# A migration that cannot get its lock soon gives up, so that the shop does not queue behind it.
connection.execute(text("SET lock_timeout = '5s'"))
connection.execute(text("SET statement_timeout = '10min'"))
# Which files made this schema, and how they read then: kernel.migrate.check_schema compares.
schema = connection.execute(text("SELECT current_schema()")).scalar_one()
kept = text(
    "CREATE TABLE schema_files (revision text PRIMARY KEY, digest bytea NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now())"
)
known = text("SELECT 1 FROM pg_tables WHERE schemaname = :schema AND tablename = 'schema_files'")
if connection.execute(known, {"schema": schema}).first() is None:
    connection.execute(kept)
connection.commit()
context.configure(
    connection=connection,
    target_metadata=None,
    transaction_per_migration=True,
    # Named, or a second shop's schema would see the versions of one further along the search path.
    version_table_schema=schema,
)
with context.begin_transaction():
    context.run_migrations()
