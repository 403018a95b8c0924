"""The parts of the lorebook screens: the table of entries, the form of one, the line that is asked for."""
