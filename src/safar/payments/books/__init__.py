"""The money of orders in the books: what is owed, came in and goes back, whoever moves it."""
