"""DOORKEEPER: who may do what, from where, how often and at what price."""
