"""REHEARSAL: public doubles for tests of voice agents: speech, and callers made of software."""
