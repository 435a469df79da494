"""Pages that the owner writes: about, questions, collections of goods; and where the menu has them."""
