"""The papers' tables, trained anew and set beside what was published."""
