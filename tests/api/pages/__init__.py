"""The pages, looked at by a browser without scripts."""
