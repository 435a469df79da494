"""What is kept of whom and for how long; what a person gets to see of it, and how it is taken away."""
