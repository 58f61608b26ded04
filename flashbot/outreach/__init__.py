"""Whether and when a message may leave unasked. Pure: time comes in, values come out."""
