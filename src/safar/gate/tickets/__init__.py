"""What visitors carry: tickets, passes, invitations and proofs of work."""
