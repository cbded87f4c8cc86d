"""Standing orders: what a resident orders once (“每天中午”) becomes an order for each day."""
