"""复核: who has read which words for residents, and until when that holds."""
