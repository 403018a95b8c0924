"""Summaries of turns that prompts no longer read: their versions, who writes them, what a new one leaves out."""
