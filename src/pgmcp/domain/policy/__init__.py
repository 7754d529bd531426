"""The policy: who may know and do what, as rules, and the view that each caller has of the database through them."""
