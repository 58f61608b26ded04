"""What `flashbot doctor` looks at: a file per subject turns facts into findings; `examination` gathers the facts."""
