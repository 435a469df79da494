"""Answers: the bot, which answers from live data or hands over with the reason."""
