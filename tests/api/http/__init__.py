"""Tests of what every route needs."""
