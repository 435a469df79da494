"""A site behind the gate: opened, set up, measured."""
