"""Packages over HTTP: selling and changing them, the card, units, history, lists.

Touch it to add a member of the card, a filter of the list, or a verb on packages.

Never show a package in a second shape: commands, queries and lists share `card`. Never answer about one package
from a read table: fold its facts, which are always true.
"""
