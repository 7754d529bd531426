"""The services: what is decided and arranged between a tool and the repositories; they keep no state of their own."""
