"""Tests of what is kept, for how long, and how it is taken away."""
