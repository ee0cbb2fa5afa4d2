"""From YAML text to a Plan: the language, its expressions and the component contracts."""
