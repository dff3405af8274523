"""Tests of the embedded stores alone."""
