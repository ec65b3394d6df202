"""What passes between the bot and Discord: sending, retrying, deduplicating, logging."""
