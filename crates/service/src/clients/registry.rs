//! A registry of images: dockerd, and whoever asks by hand.

use super::quoting::sh;
use super::{Customer, Form, Recipe, Way, https, recipe, tls};
use crate::kind::Door;

/// What clients of a registry say.
pub(crate) fn recipes(door: &Door, customer: &Customer) -> Vec<Recipe> {
    let way = Way { door, customer };
    let host = way.authority();
    let shown = match way.shows() {
        true => format!(" --client {}", customer.name()),
        false => String::new(),
    };
    let folder = format!("/etc/docker/certs.d/{host}");
    let mut lines = vec![format!(
        "install -D -m 0644 {} {}",
        sh(&way.ca()),
        sh(&format!("{folder}/ca.crt"))
    )];
    if way.shows() {
        lines.push(format!(
            "install -m 0644 {} {}",
            sh(&way.cert()),
            sh(&format!("{folder}/client.cert"))
        ));
        lines.push(format!(
            "install -m 0600 {} {}",
            sh(&way.key()),
            sh(&format!("{folder}/client.key"))
        ));
    }
    let page = format!(
        "{} {}",
        https::curl_words(&way),
        sh(&format!("{}v2/", https::url(&way)))
    );
    let mut recipes =
        vec![
        recipe(
            "registry-trust",
            "docker, on this host",
            Form::Shell,
            format!("sealock registry trust {0}{shown}\ndocker pull {0}/IMAGE", sh(&host)),
        )
        .note("What is trusted so is renewed and rotated with everything else."),
        recipe(
            "certs.d",
            "docker, on another host",
            Form::Shell,
            lines.join("\n"),
        )
        .note(format!(
            "dockerd reads them at the next docker pull {host}/IMAGE, and at docker login {host}."
        )),
        recipe("curl", "curl", Form::Shell, page),
    ];
    recipes.extend(tls::recipe(&way));
    recipes
}
