"""Bookings over HTTP: making, changing and listing them."""
