"""What can wait: jobs, their schedule, their handlers."""
