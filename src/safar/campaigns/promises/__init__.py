"""What a campaign promised to whom, and whether it was kept."""
