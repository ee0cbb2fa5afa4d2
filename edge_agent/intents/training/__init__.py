"""Train the intent network: sentences of the grammar in, weights out (`make models`)."""
