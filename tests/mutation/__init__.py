"""What happens to the tests when a piece of the trust layer is left out."""
