"""Locations, moves and levels: where units lie, how they got there, and what can still be promised."""
