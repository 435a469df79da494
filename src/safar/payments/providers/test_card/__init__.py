"""The test card, for trying the shop out."""
