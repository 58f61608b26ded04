"""What a bot developer writes, and the decision which of it answers. Pure: time comes in, values come out."""
