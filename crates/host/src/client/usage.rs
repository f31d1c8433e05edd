//! How each docker client is told about a directory with the three files.

use super::endpoint::Endpoint;
use super::error::ClientError;
use super::shell::{Shell, speakable};
use sealock_diag::escape;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A program that talks to dockerd.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ClientProgram {
            $($(#[$doc])* $variant,)*
        }

        impl ClientProgram {
            /// Every program whose settings we know.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that the user types.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// The docker CLI.
    Docker = "docker",
    /// `docker compose`, a plugin of the CLI.
    Compose = "compose",
    /// curl.
    Curl = "curl",
    /// `openssl s_client`.
    OpenSsl = "openssl",
    /// docker-py.
    Python = "python",
    /// dockerode, for Node.js.
    Dockerode = "dockerode",
    /// docker-java and Testcontainers for Java.
    Java = "java",
    /// The Go SDK, Testcontainers for Go.
    Go = "go",
    /// bollard, for Rust.
    Bollard = "bollard",
    /// GitLab Runner's docker executor.
    GitLabRunner = "gitlab-runner",
    /// Jenkins, docker-commons credentials.
    Jenkins = "jenkins",
    /// Portainer.
    Portainer = "portainer",
    /// Terraform, kreuzwerker/docker.
    Terraform = "terraform",
    /// Ansible, community.docker.
    Ansible = "ansible",
    /// Traefik's docker provider.
    Traefik = "traefik",
    /// Visual Studio Code.
    VsCode = "vscode",
    /// IntelliJ IDEA and its sisters.
    IntelliJ = "intellij",
}

impl fmt::Display for ClientProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ClientProgram {
    type Err = ClientError;

    fn from_str(given: &str) -> Result<Self, ClientError> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == given)
            .ok_or_else(|| ClientError::Unknown {
                what: "client",
                given: escape(given),
                known: Self::ALL
                    .iter()
                    .map(|kind| kind.name())
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }
}

/// What to type or paste so that `program` reaches `endpoint` with the three files in `dir`: a few lines
/// that end with a newline.
///
/// # Errors
/// [`ClientError::Unspeakable`] when the path is relative, not UTF-8, or holds control characters.
pub fn usage(
    program: ClientProgram,
    dir: &Path,
    endpoint: &Endpoint,
) -> Result<String, ClientError> {
    let dir = speakable(dir)?;
    let file = |name: &str| format!("{}/{name}", dir.trim_end_matches('/'));
    let (ca, cert, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
    let sh = |text: &str| word(text);
    let authority = endpoint.authority();
    let variables = format!(
        "DOCKER_HOST={endpoint}\nDOCKER_TLS_VERIFY=1\nDOCKER_CERT_PATH={}\n",
        sh(dir)
    );
    Ok(match program {
        ClientProgram::Docker => format!(
            "docker --tlsverify --tlscacert {} --tlscert {} --tlskey {} -H {endpoint} version\n",
            sh(&ca),
            sh(&cert),
            sh(&key)
        ),
        ClientProgram::Compose => {
            format!(
                "DOCKER_HOST={endpoint} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH={} docker compose ls\n",
                sh(dir)
            )
        }
        ClientProgram::Curl => format!(
            "curl --cacert {} --cert {} --key {} {}\n",
            sh(&ca),
            sh(&cert),
            sh(&key),
            sh(&format!("https://{authority}/version"))
        ),
        // -ign_eof waits for the answer: with TLS 1.3 a refusal comes after the handshake.
        ClientProgram::OpenSsl => format!(
            "printf 'GET /_ping HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' | openssl s_client -quiet -ign_eof \\\n  \
             -verify_return_error {} {} -CAfile {} -cert {} -key {} -connect {}\n",
            if host_is_ip(endpoint) {
                "-verify_ip"
            } else {
                "-verify_hostname"
            },
            endpoint.host(),
            sh(&ca),
            sh(&cert),
            sh(&key),
            sh(&authority)
        ),
        ClientProgram::Python => format!(
            "import docker\n\
             tls = docker.tls.TLSConfig(ca_cert={}, client_cert=({}, {}), verify=True)\n\
             client = docker.DockerClient(base_url={}, tls=tls)\n\
             # or, with the variables of `sealock client env`: client = docker.from_env()\n\
             # REQUESTS_CA_BUNDLE outranks ca_cert: unset it when the server seems unknown\n",
            json(&ca),
            json(&cert),
            json(&key),
            json(&endpoint.to_string())
        ),
        ClientProgram::Dockerode => format!(
            "const fs = require('fs'), Docker = require('dockerode');\n\
             const docker = new Docker({{ protocol: 'https', host: {}, port: {},\n  \
             ca: fs.readFileSync({}), cert: fs.readFileSync({}), key: fs.readFileSync({}) }});\n",
            json(&endpoint.host()),
            endpoint.port(),
            json(&ca),
            json(&cert),
            json(&key)
        ),
        ClientProgram::Java => format!(
            "# ~/.testcontainers.properties, or ~/.docker-java.properties with upper-case names (DOCKER_HOST=…)\n\
             docker.host={endpoint}\ndocker.tls.verify=1\ndocker.cert.path={}\n",
            dir.replace('\\', "\\\\")
        ),
        ClientProgram::Go => {
            format!(
                "{variables}# client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())\n"
            )
        }
        ClientProgram::Bollard => format!("{variables}// Docker::connect_with_ssl_defaults()\n"),
        ClientProgram::GitLabRunner => format!(
            "# /etc/gitlab-runner/config.toml\n[runners.docker]\n  host = {}\n  tls_verify = true\n  tls_cert_path = {}\n",
            json(&endpoint.to_string()),
            json(dir)
        ),
        ClientProgram::Jenkins => format!(
            "# Credentials, Add, X.509 Client Certificate:\n\
             #   Client Key: {}\n#   Client Certificate: {}\n#   Server CA Certificate: {}\n\
             # then in a pipeline:\n\
             docker.withServer('{endpoint}', 'THE-CREDENTIAL-ID') {{ sh 'docker version' }}\n",
            key, cert, ca
        ),
        ClientProgram::Portainer => format!(
            "docker run -d -p 9443:9443 -v {}:/certs:ro portainer/portainer-ce -H {endpoint} --tlsverify\n",
            sh(dir)
        ),
        ClientProgram::Terraform => format!(
            "provider \"docker\" {{\n  host      = {}\n  cert_path = {}\n}}\n",
            json(&endpoint.to_string()),
            json(dir).replace("${", "$${").replace("%{", "%%{")
        ),
        ClientProgram::Ansible => format!(
            "module_defaults:\n  group/community.docker.docker:\n    docker_host: {}\n    tls: true\n    \
             validate_certs: true\n    ca_path: {}\n    client_cert: {}\n    client_key: {}\n",
            json(&endpoint.to_string()),
            json(&ca),
            json(&cert),
            json(&key)
        ),
        ClientProgram::Traefik => format!(
            "providers:\n  docker:\n    endpoint: {}\n    tls:\n      ca: {}\n      cert: {}\n      key: {}\n",
            json(&endpoint.to_string()),
            json(&ca),
            json(&cert),
            json(&key)
        ),
        ClientProgram::VsCode => format!(
            "\"containers.environment\": {{ \"DOCKER_HOST\": {}, \"DOCKER_TLS_VERIFY\": \"1\", \"DOCKER_CERT_PATH\": {} }}\n",
            json(&endpoint.to_string()),
            json(dir)
        ),
        ClientProgram::IntelliJ => format!(
            "# Settings, Build, Docker, +, TCP socket:\nEngine API URL: https://{authority}\nCertificates folder: {dir}\n"
        ),
    })
}

fn host_is_ip(endpoint: &Endpoint) -> bool {
    endpoint.host().parse::<std::net::IpAddr>().is_ok()
}

/// A word of a POSIX shell, quoted only where it has to be, so that it stays readable.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        Shell::Bash.quote(text)
    }
}

/// A string in double quotes that JSON, TOML, YAML, Python and JavaScript read alike: without control
/// characters only `"` and `\` are special.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::{ClientProgram, usage};
    use std::path::Path;

    fn text(program: ClientProgram, dir: &str, endpoint: &str) -> String {
        usage(program, Path::new(dir), &endpoint.parse().unwrap()).unwrap()
    }

    #[test]
    fn every_program_names_the_endpoint_and_the_directory() {
        for program in ClientProgram::ALL {
            let text = text(*program, "/home/alice/.docker", "build.example.org");
            assert!(
                text.contains("build.example.org") && text.contains("2376"),
                "{program}: {text}"
            );
            // Portainer mounts the directory, and all others name it.
            assert!(text.contains("/home/alice/.docker"), "{program}: {text}");
            assert!(
                text.ends_with('\n') && text.lines().count() <= 9,
                "{program}: {text}"
            );
            assert_eq!(program.name().parse::<ClientProgram>().unwrap(), *program);
        }
        assert!("emacs".parse::<ClientProgram>().is_err());
    }

    #[test]
    fn commands_survive_hostile_paths() {
        for program in [
            ClientProgram::Docker,
            ClientProgram::Curl,
            ClientProgram::Compose,
            ClientProgram::Portainer,
        ] {
            let line = text(program, "/a b/$(id)'\"", "[::1]:7");
            let words = shlex::split(&line).unwrap();
            assert!(
                words.iter().any(|word| word.contains("/a b/$(id)'\"")),
                "{words:?}"
            );
        }
    }

    #[test]
    fn texts_in_quotes_survive_hostile_paths() {
        let hostile = "/q\"${x}%{y}\\";
        let toml = text(ClientProgram::GitLabRunner, hostile, "h");
        let parsed: toml_edit::DocumentMut = toml.parse().unwrap();
        assert_eq!(
            parsed["runners"]["docker"]["tls_cert_path"].as_str(),
            Some(hostile)
        );
        let vscode = format!("{{{}}}", text(ClientProgram::VsCode, hostile, "h"));
        let parsed: serde_json::Value = serde_json::from_str(&vscode).unwrap();
        assert_eq!(
            parsed["containers.environment"]["DOCKER_CERT_PATH"],
            hostile
        );
        assert!(text(ClientProgram::Terraform, hostile, "h").contains(r#""/q\"$${x}%%{y}\\""#));
    }

    #[test]
    fn openssl_verifies_names_and_addresses_each_in_its_way() {
        assert!(text(ClientProgram::OpenSsl, "/d", "h").contains("-verify_hostname h "));
        assert!(text(ClientProgram::OpenSsl, "/d", "[::1]:7").contains("-verify_ip ::1 "));
    }
}
