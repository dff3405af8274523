"""Rules that top up over HTTP, the attempts that wait for a payment, and the answers of the payment system.

Touch it to show more of a rule or an attempt, or to filter the attempts.

Never take or show the number of a card: a rule holds a reference of the payment system.
"""
