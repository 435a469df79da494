"""The shop put together: the checkout, and the pages of customers and staff over all its rooms."""
