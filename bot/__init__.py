"""What people meet: the ``passage`` command and the Discord bot."""
