"""The engine of the read models, held by small facts and read models of its own."""
