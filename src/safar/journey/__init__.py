"""The journey: stages from the journal, the bottleneck and what it costs, promise against reality."""
