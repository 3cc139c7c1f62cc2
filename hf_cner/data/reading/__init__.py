"""What the corpus readers share: finding files, telling corpora apart, and turning offsets into checked spans."""
