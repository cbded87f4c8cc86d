"""Separate consent to keep sensitive personal information (个人信息保护法 28–31): rules, records, withdrawal."""
