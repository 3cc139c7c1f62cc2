"""Portable model code: this flat folder is what a checkpoint carries with it. Nothing is imported here, so that the torch-free files stay torch-free."""
