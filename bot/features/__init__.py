"""What people can do on Discord, one file a feature."""
