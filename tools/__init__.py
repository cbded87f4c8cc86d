"""What runs before anything of ours is installed: standard library only, Python 3.9 or later."""
