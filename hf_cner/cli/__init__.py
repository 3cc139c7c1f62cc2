"""The command line: one small file for each command. Heavy imports are inside functions, so that help is fast."""
