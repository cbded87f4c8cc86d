"""What people may ask about their own data; emergency looks into content, by two persons."""
