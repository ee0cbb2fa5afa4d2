"""Print the JSON Schema of pipelines, settings or profiles, for editors."""

import click

from edge_agent.cli.group import verb
from edge_agent.cli.shell import Shell, to_json


@verb
@click.argument("what", type=click.Choice(["pipeline", "settings", "profile"]))
def command(shell: Shell, what: str) -> None:
    """Print the JSON Schema of pipelines, settings or profiles, for editors.

    \b
    In the first line of a YAML file, for editors with the YAML language server:
    # yaml-language-server: $schema=pipeline.schema.json
    """
    from edge_agent.loading import load_components
    from pipelines.reference import pipeline_schema, profile_schema, settings_schema

    load_components()
    schemas = {"pipeline": pipeline_schema, "settings": settings_schema, "profile": profile_schema}
    shell.say(to_json(schemas[what]()))
