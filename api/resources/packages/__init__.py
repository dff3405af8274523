"""Packages over HTTP: the card, selling and changing, units, history, lists."""
