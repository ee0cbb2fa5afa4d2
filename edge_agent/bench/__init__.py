"""`hearth bench`: an agent of its own under load, measured on the machine it is to run on."""
