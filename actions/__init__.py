"""Custom actions and forms: they talk to services only through actions.client."""
