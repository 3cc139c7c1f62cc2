"""Portable model code, flat: what a checkpoint carries with it. Imports nothing, so torch-free files stay so."""
