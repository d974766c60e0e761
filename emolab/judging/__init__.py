"""A run put to a data set: its predictions, what makes them true, and the report."""
