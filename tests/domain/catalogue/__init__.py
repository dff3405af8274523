"""Tests of services and offers."""
