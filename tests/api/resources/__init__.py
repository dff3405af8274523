"""Tests of the resources, most of them over HTTP."""
