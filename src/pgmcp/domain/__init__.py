"""The pure core: filters, requests, responses, relations, values, plans, policies and errors."""
