"""Tests of the API, by the folders of `api/`."""
