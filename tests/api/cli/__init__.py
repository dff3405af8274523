"""The command `carnet`: what it prints, writes and answers with, on both databases."""
