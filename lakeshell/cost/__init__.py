"""What queries and runs cost. Pure: sizes, seconds and prices in, exact money out."""
