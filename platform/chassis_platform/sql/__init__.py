"""Plans to statements: the only room that writes SQL for records."""
