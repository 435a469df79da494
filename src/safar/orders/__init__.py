"""Orders: placed, confirmed, cancelled; their rows, their way, their links and mails."""
