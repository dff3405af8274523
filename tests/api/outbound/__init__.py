"""E-mails to customers, through a real mail server on this machine."""
