"""The staff surface: shell, navigation and "Today". It mounts the rooms' console pages."""
