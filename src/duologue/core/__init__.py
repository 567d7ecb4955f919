"""RULES: pure state machines; time and randomness are passed in."""
