"""Lots: which of the units on a shelf came together, when they expire, and which are taken first."""
