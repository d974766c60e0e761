"""Runs side by side: what differs, how good each is, and which differences are more than noise."""
