"""The gate: a fair queue in front of a full site, and admission when there is room."""
