"""What is wrong with an MQTT topic or topic filter, in a user's words."""


def topic_problem(topic: object) -> str:
    """Why nothing can be sent to this topic; empty when it can (MQTT 5.0, section 4.7)."""
    if not isinstance(topic, str) or not topic:
        return f"the topic is {topic!r}, it must be a text"
    if "#" in topic or "+" in topic:
        return f"`{topic}` holds a wildcard; messages go to one exact topic"
    if "\0" in topic:
        return "a topic cannot hold the character NUL"
    return ""


def filter_problem(topic: object) -> str:
    """Why nobody can subscribe to this filter; empty when one can."""
    if not isinstance(topic, str) or not topic:
        return f"the topic is {topic!r}, it must be a text"
    levels = topic.split("/")
    if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        return "`#` stands alone, as the last level of a topic"
    if any("+" in level and level != "+" for level in levels):
        return "`+` stands for one whole level of a topic"
    return ""
