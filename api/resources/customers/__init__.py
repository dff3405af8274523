"""Customers over HTTP: registering and changing them, lists and filters, history, credits and activity.

Touch it to add a field of a customer, a filter of the list, or a tab of the customer's page.

Never show a customer in a second shape: all routes share `answer`. Never put a text of the directory into a cursor
or a log.
"""
