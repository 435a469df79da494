"""Who moves the money, behind one port: one folder a provider."""
