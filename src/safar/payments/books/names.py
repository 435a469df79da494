"""What the ways to pay are called in the books; these names are data."""

CASH = "cod"
TEST_CARD = "test"
TRANSFER = "transfer"
PIX = "pix"
UPI = "upi"
STRIPE = "stripe"
# Paid, and given back, without a provider that could be asked to: people do it.
BY_HAND = frozenset({CASH, TRANSFER, PIX, UPI})
# We learn that the money came from a bank's notice or from a member of the staff.
TOLD = frozenset({TRANSFER, PIX, UPI})
