"""Measurements: figures, their physical limit measured in the same run, and their ratio."""
