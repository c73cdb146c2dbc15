"""Accounts of users and groups: their acts, what they make of an account, and what a password opens (docs/accounts.md)."""
