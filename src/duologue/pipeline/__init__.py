"""VOICE: hosts the AgentSession of each conversation; transports bring the ends."""
