"""The store: contacts' mailboxes in Redis or Valkey, moved by a handful of atomic scripts.

Nothing outside this room knows Redis. What the scripts promise is written above each of them.
"""
