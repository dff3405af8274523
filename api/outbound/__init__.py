"""E-mails to customers: read from the ledgers by position, written in the language of the business, sent by SMTP.

Read `deliverer` (the loop), `planning` (facts become messages that wait), `sending` (they are sent, tried again or
given up), then `letters` (what they say), `wording` (in which words) and `mail_server` (SMTP).

Touch it to change the words, the layout or the tries. `domain/messages/` decides which facts send and who gets it.

Never log an address, a name or a reply of the mail server: it may repeat the address. Never keep a text that was
sent.
"""
