"""Paper that the field needs: printable sheets from a ticket's events, numbered when they are issued."""
