"""What is known of words: terms, sentences, characters, dates."""
