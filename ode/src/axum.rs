//! What only axum knows: the request's event, and its id, as arguments of a handler.
