"""Campaigns: what is promised to many, sent at the pace at which it can be kept."""
