"""Rasa's side of the forms (``actions.forms``): asking, reading back, filing."""
