"""Cycle counts: sheets that are counted blind, and differences that a manager makes into moves."""
