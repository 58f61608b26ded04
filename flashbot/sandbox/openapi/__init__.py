"""The emulated API's description of itself: an OpenAPI 3.1 document, put together from what checks its requests."""
