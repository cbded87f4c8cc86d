"""Open311 GeoReport v2: the public interface for reporting and following matters of public places."""
