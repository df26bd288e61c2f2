"""Arrays: checks at the border, preparation in float64, correlations."""
