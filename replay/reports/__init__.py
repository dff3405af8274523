"""Reports on all packages of a business, as of the end of any day.

Offers `liability`: the sum that the business owes its customers in services, and the balance of one customer.

Touch it to add a figure or a report.

Never count by the moment of recording: these reports follow business time. Never hold all of the history in memory:
read it package by package.
"""
