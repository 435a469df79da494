"""Tests of what shows that everything runs."""
