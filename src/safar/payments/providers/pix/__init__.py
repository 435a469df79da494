"""PIX, the instant payment of Brazil's banks."""
