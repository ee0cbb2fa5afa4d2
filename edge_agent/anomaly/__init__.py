"""How unusual a sensor's value is: a forecaster that each home trains on its own history."""
