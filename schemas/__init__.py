"""The words the layers share: frozen structs that describe, and nothing that acts."""
