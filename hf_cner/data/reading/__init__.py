"""Common parts of the readers: finding files, recognising corpora, and turning offsets into checked spans."""
