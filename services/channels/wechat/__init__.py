"""The WeChat official account: what residents write there, and what they are told there."""
