"""Figures about how requests are met: facts of each ticket, sums in SQL, formulas in Python."""
