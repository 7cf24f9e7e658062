"""Demo tenants: a plan in YAML and files of rows, laid down by a package, to users and records of a fresh installation."""
