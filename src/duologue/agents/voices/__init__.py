"""Offline voices: speech and hearing without a key, as livekit-agents plugins."""
