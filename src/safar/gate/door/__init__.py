"""The door of a site as requests meet it: let in, led to the line, told how long."""
