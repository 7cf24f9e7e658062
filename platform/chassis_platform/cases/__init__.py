"""A package's own tests: given these records and users at a time, when something happens, then this is so."""
