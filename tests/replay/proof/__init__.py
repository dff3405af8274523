"""Attacks on stored books, and the proof that finds them."""
