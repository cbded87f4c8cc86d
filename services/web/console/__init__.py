"""The staff's pages: worklist, ticket, conversations that wait for a person. Server-rendered, with
the same services behind them as the API; they work without scripts, htmx makes them live."""
