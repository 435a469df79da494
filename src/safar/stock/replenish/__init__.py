"""Replenishment: what sells, what that will need, and the purchase that should be made today."""
