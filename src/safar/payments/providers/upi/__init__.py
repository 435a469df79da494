"""UPI, the instant payment of India's banks."""
