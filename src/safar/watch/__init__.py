"""Whether everything runs: signs of life, what stands still, what waits too long, what failed."""
