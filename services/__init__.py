"""邻答 Linda services: channels, tickets, people, places, catalogue and the console."""
