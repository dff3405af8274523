"""Tests of customers and their households."""
