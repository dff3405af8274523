"""Messages to customers and webhooks: read from the ledgers by position, sent by SMTP and by HTTP.

Read `deliverer` (the loop), `planning` (facts become messages that wait) and `occasions` (the clock's own), `settling`
(what becomes of a message), `sending` (by e-mail), `courier` (as `message.due`), then `writing` (who gets what),
`letters`, `occasion_letters`, `wording` (what they say) and `mail_server` (SMTP). Facts go by `notifier` (the loop) and
`notifications`.

Touch it to change the words, the layout or the tries. `domain/messages/` decides which facts send and who gets it.

Never log an address, a number, a name or a reply of a receiver: it may repeat the address. Never keep a text that was
sent.
"""
