"""One supervisor for one machine: starts, health-checks, restarts and stops the processes."""
