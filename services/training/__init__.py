"""Learning from logs: what was heard, what people teach, training runs, models, releases."""
