"""What happens by itself: flows, approvals, clocks, assignment, scores, matching."""
