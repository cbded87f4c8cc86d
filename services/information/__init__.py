"""What a community tells its residents: notices, the canteen's menu, who is who, what is near."""
