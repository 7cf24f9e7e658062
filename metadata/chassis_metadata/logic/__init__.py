"""Logic as metadata: rules, flows, approvals, clocks, scores. One shape for all kinds; each engine reads its own."""
