"""What is sold: products, their variants, words, pictures and prices."""
