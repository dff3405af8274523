"""The clock: its jobs, late, twice and in several places."""
