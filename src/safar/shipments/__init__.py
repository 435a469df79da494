"""Parcels: packed, shipped, delivered; carriers, picking and printed documents."""
