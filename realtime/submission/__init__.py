"""From a competition's unlabelled photographs to the file that it wants."""
