//! Tests' own host.
