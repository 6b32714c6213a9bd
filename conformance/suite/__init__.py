"""What runs the cases of the conformance suite. README.md says how to write one."""
