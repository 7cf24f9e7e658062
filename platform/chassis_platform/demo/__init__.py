"""Demo tenants: a package's plan in YAML and its files of rows, to users and records of a fresh installation."""
