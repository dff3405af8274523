"""Imports: files of other systems, over HTTP and as they are read."""
