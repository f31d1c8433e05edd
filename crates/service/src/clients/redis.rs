//! Redis: its own client, and Python's.

use super::quoting::{literal, sh};
use super::{Form, Recipe, Way, recipe};

pub(super) fn recipes(way: &Way<'_>) -> Vec<Recipe> {
    let mut words = format!(
        "redis-cli --tls --sni {host} --cacert {}",
        sh(&way.ca()),
        host = way.host()
    );
    if way.host().parse::<std::net::IpAddr>().is_ok() {
        // A server name in TLS is the name of a host (RFC 6066 §3).
        words = format!("redis-cli --tls --cacert {}", sh(&way.ca()));
    }
    if way.shows() {
        words.push_str(&format!(
            " --cert {} --key {}",
            sh(&way.cert()),
            sh(&way.key())
        ));
    }
    words.push_str(&format!(" -h {} -p {}", way.host(), way.port()));
    let mut python = vec![
        "import redis".to_owned(),
        "connection = redis.Redis(".to_owned(),
        format!("    host={},", literal(way.host())),
        format!("    port={},", way.port()),
        "    ssl=True,".to_owned(),
        "    ssl_cert_reqs=\"required\",".to_owned(),
        "    ssl_check_hostname=True,".to_owned(),
        format!("    ssl_ca_certs={},", literal(&way.ca())),
    ];
    if way.shows() {
        python.push(format!("    ssl_certfile={},", literal(&way.cert())));
        python.push(format!("    ssl_keyfile={},", literal(&way.key())));
    }
    python.push(")".to_owned());
    vec![
        recipe("redis-cli", "redis-cli", Form::Shell, words)
            .note("redis-cli checks who signed the server's certificate, and not its name: only servers of this authority pass.")
            .note("A password is asked for with --askpass."),
        recipe("redis-py", "redis-py 5", Form::Program("python"), python.join("\n"))
            .note("ssl_check_hostname is off by itself before version 6."),
    ]
}
