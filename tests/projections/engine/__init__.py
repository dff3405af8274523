"""Tests of the engine, on read models of their own."""
