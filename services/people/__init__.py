"""Staff, roles and login; residents, consent and their encrypted contact data."""
