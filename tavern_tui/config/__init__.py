"""What the user chose and where it is kept: directories, settings, presets of every default."""
