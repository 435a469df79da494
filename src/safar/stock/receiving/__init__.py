"""Deliveries that are scanned article by article, and booked into stock when all of it is."""
