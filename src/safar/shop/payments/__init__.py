"""Payments behind one port: ways to pay, money that comes in, money that goes back."""
