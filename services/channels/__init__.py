"""Conversations: the chat API's core, the gateway to Rasa, the event stream, hand-off to a person."""
