"""How long what is kept, and its erasure when the time is over."""
