"""Which service we talk to, and with which key."""
