"""Stand-ins of the channels' providers: for tests, the kit, the demo and the benches, at loopback ports."""
