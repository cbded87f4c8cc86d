"""Forms as data and pure functions: what is asked, what fills it, when it is needed."""
