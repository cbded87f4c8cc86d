"""What a sentence says, as pure functions: no Rasa, no network, the same answer every time.

Every finder has the form ``find_…(text, …) -> list[Span]``; ``extract.extract_all`` puts them
together and settles overlaps.
"""
