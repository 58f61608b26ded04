"""What moves things: events in, turns, messages out, and the recovery of each after a crash."""
