"""What features stand on: the engine for the event loop, questions, access, rates, the queue."""
