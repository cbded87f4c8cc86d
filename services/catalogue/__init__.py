"""Service cards and the certificate policy of the locality."""
