"""What comes back, is exchanged, or will not be sent after all."""
