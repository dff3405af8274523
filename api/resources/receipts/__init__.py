"""The receipt of a package: JSON for programs; a page and a PDF for people, in the locale of the business.

Offers `HANDLERS`. Another language is one more entry of `words.py`.
"""
