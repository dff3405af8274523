"""Messages to customers: which fact or occasion asks for one, who gets it, and what forbids it.

Read `asked` (the fact and its message), `occasions` (sessions and days of life) and `consent`, then `forbidden` (the
judgement when it is about to be sent).

Touch it to let another fact or occasion send a message. Its words and its layout are in `api/outbound/`.

Never put an address or a name here: a message is known by ids, and the address is looked up when it is sent.
"""
