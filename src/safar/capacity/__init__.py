"""The capacity ledger: what can still be promised. Accounts, and holds that end exactly once."""
