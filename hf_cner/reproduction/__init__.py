"""The papers' tables, trained again and set beside what was published."""
