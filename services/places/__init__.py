"""Communities, compounds, buildings and grids; resolving an address to a grid and its worker."""
