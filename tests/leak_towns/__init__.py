"""Generated tenants for the leak tests: their plan, how they are built, who sees what in them, and the doors."""
