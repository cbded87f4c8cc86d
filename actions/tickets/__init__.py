"""What residents do with requests and orders they have made: look, hurry, add, change, take back, judge."""
