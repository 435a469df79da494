"""Safar carries every customer from the promise a campaign makes to the moment it is kept."""
