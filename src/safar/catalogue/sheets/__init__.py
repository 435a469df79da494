"""The catalogue as a file: given out, handed in, looked at row by row, taken over."""
