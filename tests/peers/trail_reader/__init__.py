"""A reader of audit trails, written from docs/audit-format.md alone."""
