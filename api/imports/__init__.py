"""What is brought in from other systems: the day-book, and how it is loaded."""
