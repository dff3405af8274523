"""Tests of businesses."""
