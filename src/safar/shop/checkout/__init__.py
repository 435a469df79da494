"""From a cart to an order: the form, what it costs, who asks, what is answered."""
