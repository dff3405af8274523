"""Exports: their cells, their pages, and what they hold in memory."""
