//! What keys of metrics, params and tags may look like.
