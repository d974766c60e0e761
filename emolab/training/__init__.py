"""Module (what is learned), trainer (how), callbacks, losses, schedules."""
