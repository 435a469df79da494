"""E-mails about offers: asked for in the shop or at the checkout, and confirmed from the mailbox."""
