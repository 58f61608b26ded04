"""For testing bots: `Conversation`, and the pytest plugin that brings it."""
