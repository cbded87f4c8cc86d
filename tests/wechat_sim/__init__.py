"""A stand-in for WeChat's official-account platform and the phones of its users.

Written from WeChat's published rules (the pages are named where a rule is used) and deliberately
importing nothing of ``services``: it judges the product from outside, as WeChat would.
"""
