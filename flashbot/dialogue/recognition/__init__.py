"""The recogniser: which intent a text means, learned from the examples of the bot's own code."""
