"""Clients that are generated from the OpenAPI document, type-checked, and run against a real server."""
