"""What a measurement is made of: labelled files, what counts as right, and figures."""
