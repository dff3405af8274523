"""E-mails to customers: which fact asks for one, who gets it, and what forbids it.

Read `asked` (the fact and its message), then `forbidden` (the judgement when it is about to be sent).

Touch it to let another fact send an e-mail. Its words and its layout are in `api/outbound/`.

Never put an address or a name here: a message is known by ids, and the address is looked up when it is sent.
"""
