"""Measurements: figures, their physical limit measured in the same run, and their ratio."""

# Each is a module of this package with `measure(seconds)`; it is imported only when it is asked for.
BENCHES = (
    "holds", "checkout", "inbound", "page", "gate", "surge", "scale", "hammer", "stock", "forecast",
    "journey", "idle",
)  # fmt: skip
