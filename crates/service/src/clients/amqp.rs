//! AMQP over TLS: RabbitMQ and its clients.

use super::quoting::literal;
use super::{Form, Recipe, Way, recipe};

pub(super) fn recipes(way: &Way<'_>) -> Vec<Recipe> {
    let mut lines = vec!["import ssl".to_owned()];
    if !way.shows() {
        lines.push("from getpass import getpass".to_owned());
    }
    lines.push("import pika".to_owned());
    lines.push(format!(
        "tls = ssl.create_default_context(cafile={})",
        literal(&way.ca())
    ));
    let credentials = match way.shows() {
        true => {
            lines.push(format!(
                "tls.load_cert_chain({}, {})",
                literal(&way.cert()),
                literal(&way.key())
            ));
            "pika.credentials.ExternalCredentials()".to_owned()
        }
        false => format!(
            "pika.PlainCredentials({}, getpass())",
            literal(way.customer.name())
        ),
    };
    lines.push("connection = pika.BlockingConnection(pika.ConnectionParameters(".to_owned());
    lines.push(format!("    host={},", literal(way.host())));
    lines.push(format!("    port={},", way.port()));
    lines.push(format!(
        "    ssl_options=pika.SSLOptions(tls, {}),",
        literal(way.host())
    ));
    lines.push(format!("    credentials={credentials},"));
    lines.push("))".to_owned());
    let pika = recipe("pika", "pika 1", Form::Program("python"), lines.join("\n"));
    vec![match way.shows() {
        true => pika.note(
            "EXTERNAL takes the user's name from the certificate; RabbitMQ has it in the plugin rabbitmq_auth_mechanism_ssl, \
             with ssl_cert_login_from = common_name.",
        ),
        false => pika,
    }]
}
