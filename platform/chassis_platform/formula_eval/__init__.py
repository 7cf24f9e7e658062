"""`chassis formula eval`: formulas with given values, computed by the compiler and PostgreSQL as everywhere else."""
