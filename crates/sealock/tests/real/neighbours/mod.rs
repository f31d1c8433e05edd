//! What lives beside the daemon: registries, databases and whatever else serves with our certificates.

mod findings;
mod material;
mod mssql;
mod postgres;
mod probes;
mod recipes;
mod registry;
mod registry_server;
mod remarks;
mod sqlpad;
mod tds;
mod template;
mod together;
