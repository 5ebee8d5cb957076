"""The cases of t/faults/run, by what fails."""
