"""Change events: what was committed, in order, as each subscriber may see it."""
