"""The Rasa side: components, pure understanding functions, channel, tracker store, evaluation."""
