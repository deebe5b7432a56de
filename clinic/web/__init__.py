"""The web door: what staff see and fill in. It asks the actions to write and shows what is stored."""
