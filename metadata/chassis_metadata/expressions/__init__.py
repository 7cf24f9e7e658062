"""The formula language: text to a tree, a tree to a typed Expression. Nothing here computes a formula."""
