"""A local MsgFlash to run bots against: a pure model (`world`), an HTTP server (`server`) and a chat page.

It stands for another company's server, so it signs, parses and validates by itself and shares no code with
the client it is there to test.
"""
