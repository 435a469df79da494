"""What a visitor of a gate holds, and the words for it: tickets, passes, invitations, proofs of work."""
