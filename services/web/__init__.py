"""Web process: application, middlewares, API views, console and widget pages."""
