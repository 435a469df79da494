"""The journal: what happened. One append-only table, written with the facts, read exactly."""
