"""The shop's own data, as its owner sets it: name, address, hours, promises. The database is where it is."""
