"""The command line: one small file for each command. Heavy imports stand inside the functions, so that help is fast."""
