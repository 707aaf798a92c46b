"""What a check knows of the notebook it is called in: which cells were run, and where the book is."""
