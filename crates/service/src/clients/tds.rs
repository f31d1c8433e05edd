//! SQL Server: Microsoft's drivers, FreeTDS and what is built on it, Node and Python.
//!
//! A server that forces encryption encrypts for clients that do not ask for it as well, and those verify nobody. So each
//! text says all three: encrypt, do not trust any certificate, and which anchor.

use super::https::{self, TRUST};
use super::quoting::{literal, sh};
use super::{Customer, Form, Recipe, Way, recipe};
use crate::kind::Door;

/// Which TDS a server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tds {
    /// TDS 7, TLS inside of it; TDS 8 from version 2022 on.
    Any,
    /// TDS 8 alone, TLS around it.
    Strict,
}

const SYSTEM: &str = "It trusts what the system trusts, see docs/clients/system.md; SSL_CERT_FILE=… names the anchor for one \
                      program.";
const EIGHT: &str = "for TDS 8, from SQL Server 2022 on";

/// What clients of SQL Server say.
pub(crate) fn recipes(door: &Door, customer: &Customer, tds: Tds) -> Vec<Recipe> {
    let way = Way { door, customer };
    let mut recipes = vec![
        sqlcmd(&way, tds),
        odbc(&way, tds),
        https::trust_store(&way),
        jdbc(&way, tds),
        net(&way, tds),
        tedious(&way, tds),
    ];
    if tds == Tds::Any {
        // None of these speaks TDS 8.
        recipes.insert(2, odbc_17(&way));
        recipes.extend([freetds(&way), tsql(&way), freetds_odbc(&way)]);
        recipes.extend([pymssql(&way), python_tds(&way)]);
    }
    recipes
}

/// `HOST,PORT`, as Microsoft writes it.
fn server(way: &Way<'_>) -> String {
    format!("tcp:{},{}", way.host(), way.port())
}

fn either(tds: Tds, seven: &'static str, eight: &'static str) -> &'static str {
    match tds {
        Tds::Any => seven,
        Tds::Strict => eight,
    }
}

/// Adds what has to be said instead for TDS 8, where both are spoken.
fn also(recipe: Recipe, tds: Tds, instead: &str) -> Recipe {
    match tds {
        Tds::Any => recipe.note(format!("{instead} {EIGHT}.")),
        Tds::Strict => recipe,
    }
}

fn sqlcmd(way: &Way<'_>, tds: Tds) -> Recipe {
    let text = format!(
        "SSL_CERT_FILE={} sqlcmd -S {} -N {} -U {}",
        sh(&way.ca()),
        server(way),
        either(tds, "m", "s"),
        sh(way.customer.name())
    );
    let told = recipe("sqlcmd", "sqlcmd 18", Form::Shell, text)
        .note("Never -C: it trusts every certificate. -F NAME where the server is called by a name that its certificate does not hold.")
        .note(SYSTEM);
    also(told, tds, "-N s")
}

fn odbc(way: &Way<'_>, tds: Tds) -> Recipe {
    let told = recipe(
        "odbc",
        "ODBC Driver 18",
        Form::Connection,
        format!(
            "Driver={{ODBC Driver 18 for SQL Server}};Server={};Encrypt={};TrustServerCertificate=no",
            server(way),
            either(tds, "yes", "strict")
        ),
    )
    .note(SYSTEM);
    also(told, tds, "Encrypt=strict")
}

fn odbc_17(way: &Way<'_>) -> Recipe {
    recipe(
        "odbc-17",
        "ODBC Driver 17",
        Form::Connection,
        format!(
            "Driver={{ODBC Driver 17 for SQL Server}};Server={};Encrypt=yes;TrustServerCertificate=no",
            server(way)
        ),
    )
    .note("It does not encrypt unless it is told to.")
}

fn jdbc(way: &Way<'_>, tds: Tds) -> Recipe {
    let url = format!(
        "jdbc:sqlserver://{};encrypt={};trustServerCertificate=false;trustStore={};trustStoreType=PKCS12;\
         trustStorePassword=changeit",
        way.authority(),
        either(tds, "true", "strict"),
        TRUST
    );
    let told = recipe(
        "mssql-jdbc",
        "JDBC (mssql-jdbc 12), with that trust store",
        Form::Connection,
        url,
    );
    also(told, tds, "encrypt=strict")
}

fn net(way: &Way<'_>, tds: Tds) -> Recipe {
    let text = format!(
        "Server={};Encrypt={};TrustServerCertificate=False",
        server(way),
        either(tds, "Mandatory", "Strict")
    );
    let told = recipe(
        "dotnet",
        ".NET (Microsoft.Data.SqlClient 5)",
        Form::Connection,
        text,
    )
    .note(SYSTEM);
    also(told, tds, "Encrypt=Strict")
}

/// Node's driver. The password stands in a file, for the program's text is read by many.
fn tedious(way: &Way<'_>, tds: Tds) -> Recipe {
    let lines = [
        "const { readFileSync } = require('fs');".to_owned(),
        "const { Connection } = require('tedious');".to_owned(),
        "const connection = new Connection({".to_owned(),
        format!("  server: {},", literal(way.host())),
        "  authentication: {".to_owned(),
        "    type: 'default',".to_owned(),
        format!(
            "    options: {{ userName: {}, password: readFileSync('password', 'utf8').trim() }},",
            literal(way.customer.name())
        ),
        "  },".to_owned(),
        "  options: {".to_owned(),
        format!("    port: {},", way.port()),
        format!("    encrypt: {},", either(tds, "true", "'strict'")),
        "    trustServerCertificate: false,".to_owned(),
        format!(
            "    cryptoCredentialsDetails: {{ ca: readFileSync({}) }},",
            literal(&way.ca())
        ),
        "  },".to_owned(),
        "});".to_owned(),
    ];
    let told = recipe(
        "tedious",
        "tedious (Node)",
        Form::Program("javascript"),
        lines.join("\n"),
    )
    .note("It reads the password from a file of mode 0600.");
    also(told, tds, "encrypt: 'strict'")
}

/// What FreeTDS's programs and libraries look up by the name of the section.
fn freetds(way: &Way<'_>) -> Recipe {
    let lines = [
        format!("[{}]", way.host()),
        format!("host = {}", way.host()),
        format!("port = {}", way.port()),
        "tds version = 7.4".to_owned(),
        "encryption = require".to_owned(),
        format!("ca file = {}", way.ca()),
        "check certificate hostname = yes".to_owned(),
    ];
    recipe(
        "freetds",
        "FreeTDS: tsql, pymssql, ODBC, PHP, Perl",
        Form::File("freetds.conf"),
        lines.join("\n"),
    )
    .note("/etc/freetds/freetds.conf, ~/.freetds.conf, or the file that FREETDSCONF names. Without `ca file` it verifies nobody.")
}

fn tsql(way: &Way<'_>) -> Recipe {
    let text = format!("tsql -S {} -U {}", way.host(), sh(way.customer.name()));
    recipe("tsql", "tsql, with that freetds.conf", Form::Shell, text)
}

fn freetds_odbc(way: &Way<'_>) -> Recipe {
    let text = format!("Driver=FreeTDS;Servername={}", way.host());
    recipe(
        "freetds-odbc",
        "ODBC of FreeTDS, with that freetds.conf",
        Form::Connection,
        text,
    )
    .note("Server=HOST instead of Servername looks nothing up there, and verifies nobody.")
}

fn pymssql(way: &Way<'_>) -> Recipe {
    let lines = [
        "from getpass import getpass".to_owned(),
        "import pymssql".to_owned(),
        "connection = pymssql.connect(".to_owned(),
        format!(
            "    server={}, port={}, user={}, password=getpass()",
            literal(way.host()),
            literal(way.port()),
            literal(way.customer.name())
        ),
        ")".to_owned(),
    ];
    recipe(
        "pymssql",
        "pymssql, with that freetds.conf",
        Form::Program("python"),
        lines.join("\n"),
    )
}

fn python_tds(way: &Way<'_>) -> Recipe {
    let lines = [
        "from getpass import getpass".to_owned(),
        "import pytds".to_owned(),
        "connection = pytds.connect(".to_owned(),
        format!("    {}, port={},", literal(way.host()), way.port()),
        format!(
            "    user={}, password=getpass(),",
            literal(way.customer.name())
        ),
        format!("    cafile={}, validate_host=True,", literal(&way.ca())),
        ")".to_owned(),
    ];
    recipe(
        "python-tds",
        "python-tds",
        Form::Program("python"),
        lines.join("\n"),
    )
    .note("Its version 1.17 needs pyOpenSSL before 25.")
}
