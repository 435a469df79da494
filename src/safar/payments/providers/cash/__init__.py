"""Pay on delivery."""
