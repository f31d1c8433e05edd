//! What lives beside the daemon: registries, databases and whatever else serves with our certificates.

mod material;
mod mssql;
mod postgres;
mod probes;
mod recipes;
mod registry;
mod registry_server;
mod tds;
mod template;
mod together;
