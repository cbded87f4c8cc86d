"""Who looked at what, who decided what; the chain that shows when somebody has altered a record."""
