"""Answers from what the locality keeps: cards, certificates, powers, notices, who is who. Never from memory."""
