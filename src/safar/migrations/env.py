"""Alembic's entry: runs the migrations on the connection that kernel.migrate hands over."""

from alembic import context
from sqlalchemy import Connection, text

connection: Connection = context.config.attributes["connection"]
# A migration that cannot get its lock soon gives up, so that the shop does not queue behind it.
connection.execute(text("SET lock_timeout = '5s'"))
connection.execute(text("SET statement_timeout = '10min'"))
connection.commit()
context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
