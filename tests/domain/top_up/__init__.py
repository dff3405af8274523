"""Tests of auto top-up."""
