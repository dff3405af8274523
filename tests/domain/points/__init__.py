"""Tests of reward points."""
