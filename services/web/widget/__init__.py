"""What residents see: the full-screen page ``/`` and the script that other pages embed."""
