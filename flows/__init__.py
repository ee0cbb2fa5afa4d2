"""Plans executed: triggers matched, runs driven, timers kept."""
