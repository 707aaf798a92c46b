"""What knows right answers: forward formulas, right and faulty, and two ways to differentiate them."""
