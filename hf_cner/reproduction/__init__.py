"""The papers' tables, trained again and compared with the published figures."""
