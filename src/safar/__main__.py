"""`python -m safar`."""

from safar.cli import main

main()
