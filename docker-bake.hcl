// docker buildx bake: the agent's image for 64-bit ARM and x86.
variable "TAG" {
  default = "latest"
}

group "default" {
  targets = ["agent"]
}

target "agent" {
  context    = "."
  dockerfile = "Dockerfile"
  platforms  = ["linux/amd64", "linux/arm64"]
  tags       = ["hearthflow/agent:${TAG}"]
  labels = {
    "org.opencontainers.image.title"    = "hearthflow agent"
    "org.opencontainers.image.licenses" = "Apache-2.0"
  }
}
