"""The public surface: storefront, chat widget, waiting room. It mounts the rooms' public routes."""
