"""Finds and tells what is wrong with an answer."""
