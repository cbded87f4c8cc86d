"""Who was stopped by a limit: told to staff of the community, and lifted by them with a reason."""
