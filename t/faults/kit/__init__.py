"""What the fault tests share; see t/faults/run."""
