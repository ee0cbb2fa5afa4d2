"""The agent as the gateway sees it: each protocol of `edge_agent.gateway.ports` made real."""
