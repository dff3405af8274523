"""Customers over HTTP: registering and changing, lists and filters, history, credits and activity."""
