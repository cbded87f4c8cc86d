"""How a message is taken, whatever it is about: choices, corrections, several matters, manners, what was said before."""
